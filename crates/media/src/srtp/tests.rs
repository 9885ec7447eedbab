use rtc_srtp::context::Context;
use rtc_srtp::option::{srtcp_replay_protection, srtp_replay_protection};
use rtc_srtp::protection_profile::ProtectionProfile;

use super::*;
use crate::rtp::Header;
use crate::sdp::{MasterKey, Mki};

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn key(suite: Suite, fill: u8) -> MasterKey {
    let bytes = (0..suite.key_length() + suite.salt_length()).map(|n| (n as u8).wrapping_mul(7) ^ fill).collect();
    MasterKey::new(suite, bytes).unwrap()
}

fn rtp(sequence: u16, payload: &[u8]) -> Vec<u8> {
    let header = Header { marker: false, payload_type: 0, sequence, timestamp: 160, ssrc: 0xcafe_babe };
    let mut packet = Vec::new();
    header.write(&mut packet);
    packet.extend_from_slice(payload);
    packet
}

const RTCP: &str = "81c8000bcafebabe abababababababababababababababab";

fn pair(suite: Suite) -> (Protector, Unprotector) {
    (Protector::new(&key(suite, 0)).unwrap(), Unprotector::new(&key(suite, 0), None).unwrap())
}

#[test]
fn packets_of_libsrtps_validation_come_out_equal() {
    let master = hex("e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6");
    let master = MasterKey::new(Suite::AesCm128HmacSha1_80, master).unwrap();
    let mut protector = Protector::new(&master).unwrap();
    let mut packet = hex("800f1234decafbadcafebabe abababababababababababababababab");
    protector.protect_rtp(&mut packet).unwrap();
    let expected = "800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb";
    assert_eq!(packet, hex(expected));
    let mut packet = hex(RTCP);
    protector.protect_rtcp(&mut packet).unwrap();
    let expected = "81c8000bcafebabe 7128035be487b9bdbef89041f977a5a8 80000001 993e08cd54d6c1230798";
    assert_eq!(packet, hex(expected));
}

#[test]
fn gcm_packet_of_rfc_7714_comes_out_equal() {
    // RFC 7714 §16 gives session keys: its packets can only be made below the key derivation.
    let provider = rtc_crypto::default_provider().unwrap();
    let check = |algorithm, key: &str, expected: &str| {
        let mut aead = provider.crypto().new_aead(algorithm, &hex(key)).unwrap();
        let salt: [u8; 12] = hex("51756964 2070726f 2071756f").try_into().unwrap();
        let header = hex("8040f17b 8041f8d3 5501a0b2");
        let mut data = b"Gallia est omnis divisa in partes tres".to_vec();
        let nonce = cipher::Nonce { ssrc: 0x5501_a0b2, index: 0xf17b };
        let tag = cipher::seal(aead.as_mut(), &salt, nonce, &header, &mut data).unwrap();
        assert_eq!([&data[..], &tag[..]].concat(), hex(expected));
    };
    check(
        rtc_crypto::AeadAlgorithm::Aes128Gcm,
        "000102030405060708090a0b0c0d0e0f",
        "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833
         899d7f27beb16a9152cf765ee4390cce",
    );
    check(
        rtc_crypto::AeadAlgorithm::Aes256Gcm,
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b
         7aa3db36dfffd6b0f9bb7878d7a76c13",
    );
}

fn theirs(suite: Suite) -> Context {
    let profile = match suite {
        Suite::AesCm128HmacSha1_80 => ProtectionProfile::Aes128CmHmacSha1_80,
        Suite::AesCm128HmacSha1_32 => ProtectionProfile::Aes128CmHmacSha1_32,
        Suite::AesCm256HmacSha1_80 => ProtectionProfile::Aes256CmHmacSha1_80,
        Suite::AesCm256HmacSha1_32 => ProtectionProfile::Aes256CmHmacSha1_32,
        Suite::AeadAes128Gcm => ProtectionProfile::AeadAes128Gcm,
        Suite::AeadAes256Gcm => ProtectionProfile::AeadAes256Gcm,
    };
    let key = key(suite, 0);
    let (rtp, rtcp) = (Some(srtp_replay_protection(64)), Some(srtcp_replay_protection(64)));
    let provider = rtc_crypto::default_provider().unwrap();
    Context::new(key.key(), key.salt(), profile, rtp, rtcp, provider.crypto()).unwrap()
}

#[test]
fn every_suite_agrees_with_rtc_srtp_over_the_wrap_of_sequence_numbers() {
    for suite in Suite::ALL {
        let (mut ours, mut unprotector) = pair(suite);
        let (mut sender, mut receiver) = (theirs(suite), theirs(suite));
        for sequence in (32_000..=u16::MAX).chain(0..2_000).step_by(97) {
            let clear = rtp(sequence, &[sequence as u8; 33]);
            let mut packet = clear.clone();
            ours.protect_rtp(&mut packet).unwrap();
            assert_eq!(sender.encrypt_rtp(&clear).unwrap()[..], packet[..], "{suite} {sequence}");
            assert_eq!(receiver.decrypt_rtp(&packet).unwrap()[..], clear[..], "{suite} {sequence}");
            let length = unprotector.unprotect_rtp(&mut packet).unwrap();
            assert_eq!(packet[..length], clear[..], "{suite} {sequence}");
        }
        let clear = hex(RTCP);
        for _ in 0..3 {
            let mut packet = clear.clone();
            ours.protect_rtcp(&mut packet).unwrap();
            assert_eq!(sender.encrypt_rtcp(&clear).unwrap()[..], packet[..], "{suite}");
            assert_eq!(receiver.decrypt_rtcp(&packet).unwrap()[..], clear[..], "{suite}");
            let length = unprotector.unprotect_rtcp(&mut packet).unwrap();
            assert_eq!(packet[..length], clear[..], "{suite}");
        }
    }
}

#[test]
fn late_packet_from_before_the_wrap_is_still_read() {
    let (mut protector, mut unprotector) = pair(Suite::AesCm128HmacSha1_80);
    let protected: Vec<Vec<u8>> = [65_534, 65_535, 0, 1]
        .into_iter()
        .map(|sequence| {
            let mut packet = rtp(sequence, b"x");
            protector.protect_rtp(&mut packet).unwrap();
            packet
        })
        .collect();
    for at in [0, 3, 1, 2] {
        assert!(unprotector.unprotect_rtp(&mut protected[at].clone()).is_ok(), "{at}");
    }
}

#[test]
fn replayed_packets_are_refused() {
    for suite in Suite::ALL {
        let (mut protector, mut unprotector) = pair(suite);
        let (mut packet, mut report) = (rtp(1, b"x"), hex(RTCP));
        protector.protect_rtp(&mut packet).unwrap();
        protector.protect_rtcp(&mut report).unwrap();
        assert!(unprotector.unprotect_rtp(&mut packet.clone()).is_ok());
        assert!(unprotector.unprotect_rtcp(&mut report.clone()).is_ok());
        assert_eq!(unprotector.unprotect_rtp(&mut packet), Err(SrtpError::Replayed));
        assert_eq!(unprotector.unprotect_rtcp(&mut report), Err(SrtpError::Replayed));
    }
}

#[test]
fn every_flipped_bit_is_noticed() {
    for suite in Suite::ALL {
        let (mut protector, mut unprotector) = pair(suite);
        let (mut packet, mut report) = (rtp(1, b"audio"), hex(RTCP));
        protector.protect_rtp(&mut packet).unwrap();
        protector.protect_rtcp(&mut report).unwrap();
        for bit in 0..packet.len() * 8 {
            let mut forged = packet.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert!(unprotector.unprotect_rtp(&mut forged).is_err(), "{suite} {bit}");
        }
        for bit in 0..report.len() * 8 {
            let mut forged = report.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert!(unprotector.unprotect_rtcp(&mut forged).is_err(), "{suite} {bit}");
        }
    }
}

#[test]
fn rtcp_that_is_not_encrypted_is_refused_even_with_the_index_of_a_clear_packet() {
    // A receiver that skips authentication when the E bit is clear believes anybody.
    for suite in Suite::ALL {
        let (_, mut unprotector) = pair(suite);
        let mut packet = hex(RTCP);
        packet.extend_from_slice(&[0, 0, 0, 1]);
        packet.extend_from_slice(&[0; 16]);
        assert_eq!(unprotector.unprotect_rtcp(&mut packet), Err(SrtpError::Authentication), "{suite}");
        assert_eq!(unprotector.unprotect_rtcp(&mut hex(RTCP)[..16]), Err(SrtpError::TooShort), "{suite}");
    }
}

#[test]
fn short_packets_are_refused_at_every_length() {
    for suite in Suite::ALL {
        let (mut protector, mut unprotector) = pair(suite);
        let (mut packet, mut report) = (rtp(1, b""), hex(RTCP));
        protector.protect_rtp(&mut packet).unwrap();
        protector.protect_rtcp(&mut report).unwrap();
        for length in 0..packet.len() {
            assert!(unprotector.unprotect_rtp(&mut packet[..length].to_vec()).is_err());
        }
        for length in 0..report.len() {
            assert!(unprotector.unprotect_rtcp(&mut report[..length].to_vec()).is_err());
        }
    }
}

#[test]
fn master_key_identifier_is_expected_where_it_was_agreed_on() {
    let suite = Suite::AesCm128HmacSha1_80;
    let mki = Some(Mki { value: 0x0102, length: 2 });
    let mut unprotector = Unprotector::new(&key(suite, 0), mki).unwrap();
    let mut packet = rtp(1, b"audio");
    Protector::new(&key(suite, 0)).unwrap().protect_rtp(&mut packet).unwrap();
    assert_eq!(unprotector.unprotect_rtp(&mut packet.clone()), Err(SrtpError::Authentication));
    let tag_at = packet.len() - 10;
    let mut with_mki = packet.clone();
    with_mki.splice(tag_at..tag_at, [1, 2]);
    assert_eq!(unprotector.unprotect_rtp(&mut with_mki), Ok(17));
}

#[test]
fn roll_over_counter_after_a_change_of_keys_may_go_on_or_start_afresh() {
    let suite = Suite::AeadAes128Gcm;
    for goes_on in [true, false] {
        let (mut protector, mut unprotector) = pair(suite);
        let mut renewed = Protector::new(&key(suite, 9)).unwrap();
        for sequence in [65_000, 65_500, 100, 200] {
            let mut packet = rtp(sequence, b"x");
            protector.protect_rtp(&mut packet).unwrap();
            unprotector.unprotect_rtp(&mut packet).unwrap();
            if goes_on {
                renewed.protect_rtp(&mut rtp(sequence, b"x")).unwrap();
            }
        }
        let mut unprotector = Unprotector::after(&key(suite, 9), None, &unprotector).unwrap();
        for sequence in [300, 301] {
            let mut packet = rtp(sequence, b"audio");
            renewed.protect_rtp(&mut packet).unwrap();
            assert_eq!(unprotector.unprotect_rtp(&mut packet), Ok(17), "goes on: {goes_on}");
        }
    }
}

#[test]
fn forged_sources_leave_no_state_behind() {
    let (_, mut unprotector) = pair(Suite::AesCm128HmacSha1_80);
    for ssrc in 0..1_000_u32 {
        let mut packet = rtp(1, &[0; 20]);
        packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
        assert_eq!(unprotector.unprotect_rtp(&mut packet), Err(SrtpError::Authentication));
    }
    assert!(!format!("{unprotector:?}").contains("Source"));
}
