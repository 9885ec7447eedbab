use core::fmt;

/// An SRTP crypto suite by its name in SDP (RFC 4568 §6.2, RFC 6188, RFC 7714 §14.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Suite {
    /// AES-128 in counter mode, 80-bit HMAC-SHA1.
    AesCm128HmacSha1_80,
    /// AES-128 in counter mode, 32-bit HMAC-SHA1 for RTP and 80 bits for RTCP.
    AesCm128HmacSha1_32,
    /// AES-256 in counter mode, 80-bit HMAC-SHA1.
    AesCm256HmacSha1_80,
    /// AES-256 in counter mode, 32-bit HMAC-SHA1 for RTP and 80 bits for RTCP.
    AesCm256HmacSha1_32,
    /// AES-128 in Galois/counter mode.
    AeadAes128Gcm,
    /// AES-256 in Galois/counter mode.
    AeadAes256Gcm,
}

impl Suite {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::AeadAes256Gcm,
        Self::AeadAes128Gcm,
        Self::AesCm256HmacSha1_80,
        Self::AesCm128HmacSha1_80,
        Self::AesCm256HmacSha1_32,
        Self::AesCm128HmacSha1_32,
    ];

    /// What is offered by default: strong tags first; the short one last, for desk phones that know no other.
    pub const OFFERED: [Self; 4] =
        [Self::AeadAes256Gcm, Self::AesCm256HmacSha1_80, Self::AesCm128HmacSha1_80, Self::AesCm128HmacSha1_32];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
            Self::AesCm256HmacSha1_80 => "AES_256_CM_HMAC_SHA1_80",
            Self::AesCm256HmacSha1_32 => "AES_256_CM_HMAC_SHA1_32",
            Self::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Self::AeadAes256Gcm => "AEAD_AES_256_GCM",
        }
    }

    /// The suite of this name, in any case. `AES_CM_256_…` is how drafts of RFC 6188 and phones after them spell it.
    pub fn from_name(name: &str) -> Option<Self> {
        const DRAFT_NAMES: [(&str, Suite); 2] = [
            ("AES_CM_256_HMAC_SHA1_80", Suite::AesCm256HmacSha1_80),
            ("AES_CM_256_HMAC_SHA1_32", Suite::AesCm256HmacSha1_32),
        ];
        let registered = Self::ALL.into_iter().map(|suite| (suite.name(), suite));
        registered.chain(DRAFT_NAMES).find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, suite)| suite)
    }

    /// Length of the master key in bytes.
    pub const fn key_length(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 | Self::AesCm128HmacSha1_32 | Self::AeadAes128Gcm => 16,
            Self::AesCm256HmacSha1_80 | Self::AesCm256HmacSha1_32 | Self::AeadAes256Gcm => 32,
        }
    }

    /// Length of the master salt in bytes.
    pub const fn salt_length(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 12,
            Self::AesCm128HmacSha1_80
            | Self::AesCm128HmacSha1_32
            | Self::AesCm256HmacSha1_80
            | Self::AesCm256HmacSha1_32 => 14,
        }
    }

    /// Bytes that protection adds to an RTP packet.
    pub const fn rtp_tag_length(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 | Self::AesCm256HmacSha1_80 => 10,
            Self::AesCm128HmacSha1_32 | Self::AesCm256HmacSha1_32 => 4,
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 16,
        }
    }

    /// Bytes of the authentication tag of an RTCP packet; the index of 4 bytes comes on top.
    pub const fn rtcp_tag_length(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 16,
            Self::AesCm128HmacSha1_80
            | Self::AesCm128HmacSha1_32
            | Self::AesCm256HmacSha1_80
            | Self::AesCm256HmacSha1_32 => 10,
        }
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_is_found_by_its_name_in_any_case() {
        for suite in Suite::ALL {
            assert_eq!(Suite::from_name(&suite.name().to_ascii_lowercase()), Some(suite));
        }
    }

    #[test]
    fn draft_names_of_the_256_bit_suites_are_known() {
        assert_eq!(Suite::from_name("AES_CM_256_HMAC_SHA1_80"), Some(Suite::AesCm256HmacSha1_80));
        assert_eq!(Suite::from_name("NULL_HMAC_SHA1_80"), None);
    }
}
