use core::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::srtp::Suite;

/// Base64 as RFC 4568 writes it; some phones leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// An SRTP master key with its salt. Never printed but into an SDP, and wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey {
    suite: Suite,
    bytes: Zeroizing<Vec<u8>>,
}

impl MasterKey {
    /// The key and salt, one after the other, if their length is the suite's.
    pub fn new(suite: Suite, bytes: Vec<u8>) -> Option<Self> {
        let bytes = Zeroizing::new(bytes);
        (bytes.len() == suite.key_length() + suite.salt_length()).then_some(Self { suite, bytes })
    }

    /// The suite it is for.
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// The master key.
    pub fn key(&self) -> &[u8] {
        &self.bytes[..self.suite.key_length()]
    }

    /// The master salt.
    pub fn salt(&self) -> &[u8] {
        &self.bytes[self.suite.key_length()..]
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.suite)
    }
}

/// How many packets a key may protect, as written: ours outlive any call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime(pub u64);

/// The master key identifier that packets of this key carry (RFC 3711 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mki {
    /// Its value.
    pub value: u64,
    /// Its length in a packet, in bytes: 1 to 8 here.
    pub length: u8,
}

/// One `a=crypto` line (RFC 4568 §9.1) that we are able to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CryptoAttribute {
    /// The tag that the answer repeats.
    pub tag: u32,
    /// The suite.
    pub suite: Suite,
    /// The suite's name as the peer spells it, for the answer; drafts differ from the registry.
    pub spelling: String,
    /// The key that protects what the writer sends.
    pub key: MasterKey,
    /// Lifetime, where given.
    pub lifetime: Option<Lifetime>,
    /// Master key identifier, where given.
    pub mki: Option<Mki>,
}

impl CryptoAttribute {
    /// Parses the attribute's value. `None` for a suite, several keys or a session parameter that we can't honour:
    /// the line must then be passed over (RFC 4568 §7.1.2).
    pub fn parse(value: &str) -> Option<Self> {
        let mut words = value.split_ascii_whitespace();
        let tag = words.next().filter(|tag| tag.len() <= 9)?.parse().ok()?;
        let spelling = words.next()?;
        let suite = Suite::from_name(spelling)?;
        let (method, parameters) = words.next()?.split_once(':')?;
        let acceptable = method.eq_ignore_ascii_case("inline") && words.all(is_harmless_parameter);
        let mut parts = parameters.split('|');
        let bytes = BASE64.decode(parts.next()?).ok()?;
        let key = MasterKey::new(suite, bytes)?;
        let (lifetime, mki) = lifetime_and_mki(parts)?;
        acceptable.then(|| Self { tag, suite, spelling: spelling.to_owned(), key, lifetime, mki })
    }

    /// A line of ours.
    pub fn new(tag: u32, key: MasterKey) -> Self {
        let suite = key.suite();
        Self { tag, suite, spelling: suite.name().to_owned(), key, lifetime: None, mki: None }
    }
}

fn lifetime_and_mki<'a>(parts: impl Iterator<Item = &'a str>) -> Option<(Option<Lifetime>, Option<Mki>)> {
    let (mut lifetime, mut mki) = (None, None);
    for part in parts {
        match part.split_once(':') {
            Some((value, length)) => mki = Some(self::mki(value, length)?),
            None => lifetime = Some(self::lifetime(part)?),
        }
    }
    Some((lifetime, mki))
}

fn lifetime(text: &str) -> Option<Lifetime> {
    let packets = match text.strip_prefix("2^") {
        Some(exponent) => 1_u64.checked_shl(exponent.parse().ok()?)?,
        None => text.parse().ok()?,
    };
    (packets > 0).then_some(Lifetime(packets))
}

fn mki(value: &str, length: &str) -> Option<Mki> {
    let mki = Mki { value: value.parse().ok()?, length: length.parse().ok()? };
    let fits = mki.length == 8 || mki.value < 1_u64.checked_shl(u32::from(mki.length) * 8)?;
    ((1..=8).contains(&mki.length) && fits).then_some(mki)
}

/// A key derivation rate of 0 is the default, a window size hint is advice, and an extension that starts with `-` may be
/// passed over (RFC 4568 §6.3.7); all others change what a packet looks like.
fn is_harmless_parameter(parameter: &str) -> bool {
    let upper = parameter.to_ascii_uppercase();
    upper == "KDR=0" || upper.starts_with("WSH=") || upper.starts_with('-')
}

impl fmt::Display for CryptoAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = Zeroizing::new(BASE64.encode(self.key.bytes.as_slice()));
        write!(f, "{} {} inline:{}", self.tag, self.spelling, key.as_str())?;
        if let Some(Lifetime(packets)) = self.lifetime {
            write!(f, "|{packets}")?;
        }
        if let Some(Mki { value, length }) = self.mki {
            write!(f, "|{value}:{length}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";

    #[test]
    fn line_of_the_rfc_is_read() {
        let line = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4");
        let crypto = CryptoAttribute::parse(&line).unwrap();
        assert_eq!((crypto.tag, crypto.suite), (1, Suite::AesCm128HmacSha1_80));
        assert_eq!(crypto.lifetime, Some(Lifetime(1 << 20)));
        assert_eq!(crypto.mki, Some(Mki { value: 1, length: 4 }));
        assert_eq!((crypto.key.key().len(), crypto.key.salt().len()), (16, 14));
        assert_eq!(CryptoAttribute::parse(&crypto.to_string()), Some(crypto));
    }

    #[test]
    fn lines_that_change_the_packets_are_passed_over() {
        let ok =
            |rest: &str| CryptoAttribute::parse(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}{rest}")).is_some();
        assert!(ok("") && ok(" KDR=0 WSH=128 -x") && ok("|2^31"));
        assert!(!ok(" UNENCRYPTED_SRTP") && !ok(" KDR=1") && !ok(" FEC_ORDER=FEC_SRTP") && !ok(" unknown"));
        assert!(!ok("|1:0") && !ok("|1:9") && !ok("|256:1") && !ok("|2^64") && !ok(";inline:x"));
    }

    #[test]
    fn key_of_the_wrong_length_is_passed_over() {
        assert_eq!(CryptoAttribute::parse(&format!("1 AES_256_CM_HMAC_SHA1_80 inline:{KEY}")), None);
        assert_eq!(CryptoAttribute::parse("1 AES_CM_128_HMAC_SHA1_80 inline:"), None);
    }

    #[test]
    fn padding_may_be_left_out() {
        let padded = BASE64.encode([7_u8; 28]);
        let bare = padded.trim_end_matches('=');
        let line = format!("2 AEAD_AES_128_GCM inline:{bare}");
        assert_eq!(CryptoAttribute::parse(&line).unwrap().key.key(), [7; 16]);
    }

    #[test]
    fn debug_output_hides_the_key() {
        let line = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}");
        let debug = format!("{:?}", CryptoAttribute::parse(&line).unwrap());
        assert!(debug.contains("MasterKey(AES_CM_128_HMAC_SHA1_80)") && !debug.contains(KEY));
    }
}
