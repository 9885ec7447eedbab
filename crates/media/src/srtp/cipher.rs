use core::fmt;

use rtc_crypto::{
    AeadAlgorithm, AeadCipher, HmacAlgorithm, Mac, RTCCrypto, StreamCipher, StreamCipherAlgorithm, constant_time_eq,
};
use zeroize::Zeroizing;

use super::{SrtpError, Suite};
use crate::sdp::MasterKey;

/// The labels of RFC 3711 §4.3.1 for either protocol.
struct Labels {
    encryption: u8,
    authentication: u8,
    salt: u8,
}

const RTP: Labels = Labels { encryption: 0, authentication: 1, salt: 2 };
const RTCP: Labels = Labels { encryption: 3, authentication: 4, salt: 5 };

/// The session keys of one direction.
pub(super) struct Ciphers {
    pub(super) rtp: Cipher,
    pub(super) rtcp: Cipher,
}

/// The transform of one protocol in one direction. RTP and RTCP differ in what the nonce and the authenticated part are
/// made of, which the caller knows.
pub(super) enum Cipher {
    /// Counter mode and HMAC-SHA1 (RFC 3711, 6188).
    Counter { stream: Box<dyn StreamCipher>, mac: Box<dyn Mac>, salt: [u8; 14] },
    /// Galois/counter mode (RFC 7714).
    Aead { aead: Box<dyn AeadCipher>, salt: [u8; 12] },
}

/// What makes a packet's keystream its own.
#[derive(Clone, Copy)]
pub(super) struct Nonce {
    pub(super) ssrc: u32,
    /// 48 bits for RTP, 31 for RTCP.
    pub(super) index: u64,
}

pub(super) const GCM_TAG: usize = 16;

impl Ciphers {
    pub(super) fn new(key: &MasterKey) -> Result<Self, SrtpError> {
        let provider = rtc_crypto::default_provider().map_err(|_| SrtpError::Provider)?;
        let crypto = provider.crypto();
        Ok(Self { rtp: Cipher::new(crypto, key, &RTP)?, rtcp: Cipher::new(crypto, key, &RTCP)? })
    }
}

impl Cipher {
    fn new(crypto: &dyn RTCCrypto, key: &MasterKey, labels: &Labels) -> Result<Self, SrtpError> {
        let suite = key.suite();
        let encryption = derive(crypto, key, labels.encryption, suite.key_length())?;
        let salt = derive(crypto, key, labels.salt, suite.salt_length())?;
        if let Some(algorithm) = aead_of(suite) {
            let aead = crypto.new_aead(algorithm, &encryption).map_err(|_| SrtpError::Provider)?;
            return Ok(Self::Aead { aead, salt: fixed(&salt)? });
        }
        let authentication = derive(crypto, key, labels.authentication, 20)?;
        let stream = crypto.new_stream_cipher(counter_of(suite), &encryption).map_err(|_| SrtpError::Provider)?;
        let mac = crypto.new_hmac(HmacAlgorithm::Sha1, &authentication).map_err(|_| SrtpError::Provider)?;
        Ok(Self::Counter { stream, mac, salt: fixed(&salt)? })
    }
}

const fn aead_of(suite: Suite) -> Option<AeadAlgorithm> {
    match suite {
        Suite::AeadAes128Gcm => Some(AeadAlgorithm::Aes128Gcm),
        Suite::AeadAes256Gcm => Some(AeadAlgorithm::Aes256Gcm),
        Suite::AesCm128HmacSha1_80
        | Suite::AesCm128HmacSha1_32
        | Suite::AesCm256HmacSha1_80
        | Suite::AesCm256HmacSha1_32 => None,
    }
}

const fn counter_of(suite: Suite) -> StreamCipherAlgorithm {
    if suite.key_length() == 16 { StreamCipherAlgorithm::Aes128Ctr } else { StreamCipherAlgorithm::Aes256Ctr }
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], SrtpError> {
    bytes.try_into().map_err(|_| SrtpError::Provider)
}

/// Session keys are the keystream under the master key at a counter of the salt and a label (RFC 3711 §4.3.3; the
/// 12-byte salt of GCM is padded on the right, RFC 7714 §11).
fn derive(crypto: &dyn RTCCrypto, key: &MasterKey, label: u8, length: usize) -> Result<Zeroizing<Vec<u8>>, SrtpError> {
    let mut counter = [0; 16];
    counter.iter_mut().zip(key.salt()).for_each(|(byte, salt)| *byte = *salt);
    counter[7] ^= label;
    let mut derived = Zeroizing::new(vec![0; length]);
    crypto
        .new_stream_cipher(counter_of(key.suite()), key.key())
        .and_then(|mut cipher| cipher.apply_keystream(&counter, &mut derived))
        .map_err(|_| SrtpError::Provider)?;
    Ok(derived)
}

impl Nonce {
    /// RFC 3711 §4.1.1.
    fn counter(self, salt: &[u8; 14]) -> [u8; 16] {
        let mut counter = [0; 16];
        counter[4..8].copy_from_slice(&self.ssrc.to_be_bytes());
        counter[8..14].copy_from_slice(&self.index.to_be_bytes()[2..]);
        counter.iter_mut().zip(salt).for_each(|(byte, salt)| *byte ^= salt);
        counter
    }

    /// RFC 7714 §8.1; the RTCP form of §9.1 is the same, for its index has 31 bits.
    fn gcm(self, salt: &[u8; 12]) -> [u8; 12] {
        let mut nonce = [0; 12];
        nonce[2..6].copy_from_slice(&self.ssrc.to_be_bytes());
        nonce[6..12].copy_from_slice(&self.index.to_be_bytes()[2..]);
        nonce.iter_mut().zip(salt).for_each(|(byte, salt)| *byte ^= salt);
        nonce
    }
}

/// Encrypts or decrypts in counter mode, which is the same.
pub(super) fn keystream(
    stream: &mut dyn StreamCipher,
    salt: &[u8; 14],
    nonce: Nonce,
    data: &mut [u8],
) -> Result<(), SrtpError> {
    stream.apply_keystream(&nonce.counter(salt), data).map_err(|_| SrtpError::Provider)
}

/// The whole HMAC-SHA1 over the parts; suites send its first 10 or 4 bytes.
pub(super) fn sign(mac: &mut dyn Mac, parts: &[&[u8]]) -> Result<[u8; 20], SrtpError> {
    let mut tag = [0; 20];
    mac.sign(parts, &mut tag).map_err(|_| SrtpError::Provider)?;
    Ok(tag)
}

/// Compares in constant time with as many bytes of the tag as were sent.
pub(super) fn verify(mac: &mut dyn Mac, parts: &[&[u8]], sent: &[u8]) -> Result<(), SrtpError> {
    let tag = sign(mac, parts)?;
    let matches = tag.get(..sent.len()).is_some_and(|tag| constant_time_eq(tag, sent));
    matches.then_some(()).ok_or(SrtpError::Authentication)
}

/// Encrypts in place; the tag comes apart.
pub(super) fn seal(
    aead: &mut dyn AeadCipher,
    salt: &[u8; 12],
    nonce: Nonce,
    associated: &[u8],
    data: &mut [u8],
) -> Result<[u8; GCM_TAG], SrtpError> {
    let mut tag = [0; GCM_TAG];
    aead.seal_in_place(&nonce.gcm(salt), associated, data, &mut tag).map_err(|_| SrtpError::Provider)?;
    Ok(tag)
}

/// Decrypts in place. After an `Err` the data is lost.
pub(super) fn open(
    aead: &mut dyn AeadCipher,
    salt: &[u8; 12],
    nonce: Nonce,
    associated: &[u8],
    data: &mut [u8],
    tag: &[u8],
) -> Result<(), SrtpError> {
    aead.open_in_place(&nonce.gcm(salt), associated, data, tag).map_err(|_| SrtpError::Authentication)
}

impl fmt::Debug for Ciphers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ciphers(..)")
    }
}
