//! What the ends report of each other (RTCP): figures pass, names do not. Phones write into their name (CNAME) the
//! address that they have at home, which is nobody's business outside (RFC 7022).

use bellbird_media::rtcp::is_rtcp;

/// SDES (RFC 3550 §6.5).
const SOURCE_DESCRIPTION: u8 = 202;
const CNAME: u8 = 1;
/// Sources that one description can count.
const MOST_SOURCES: usize = 31;

/// The datagram with a name in place of each source's own, made of its number; nothing where it has to go on as it is:
/// sound, an ICE check, and reports that are encrypted, of which the lengths do not add up.
pub(super) fn without_names(datagram: &[u8]) -> Option<Vec<u8>> {
    if !is_rtcp(datagram) {
        return None;
    }
    let mut written = Vec::with_capacity(datagram.len());
    let mut named = false;
    let mut rest = datagram;
    while !rest.is_empty() {
        let (packet, next) = split(rest)?;
        rest = next;
        match packet.get(1) {
            Some(&SOURCE_DESCRIPTION) => {
                named = true;
                describe(&sources(packet), &mut written);
            }
            _ => written.extend_from_slice(packet),
        }
    }
    named.then_some(written)
}

/// The first packet and the rest.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let head: &[u8; 4] = bytes.first_chunk()?;
    let length = 4 * (usize::from(u16::from_be_bytes([head[2], head[3]])) + 1);
    is_rtcp(bytes).then(|| bytes.split_at_checked(length)).flatten()
}

/// The sources that a description is about, as far as it can be read.
fn sources(packet: &[u8]) -> Vec<[u8; 4]> {
    let count = packet.first().map_or(0, |first| usize::from(first & 0x1f));
    let mut sources = Vec::new();
    let mut chunks = packet.get(4..).unwrap_or_default();
    while sources.len() < count
        && let Some((source, items)) = chunks.split_first_chunk()
    {
        sources.push(*source);
        chunks = after_items(items);
    }
    sources
}

/// What follows the items of a chunk: they end with a zero, and are filled up to a word.
fn after_items(items: &[u8]) -> &[u8] {
    let mut at = 0;
    while let Some(&[1..=255, length]) = items.get(at..).and_then(<[u8]>::first_chunk) {
        at += 2 + usize::from(length);
    }
    // The source before them took a word.
    items.get((at + 1).next_multiple_of(4)..).unwrap_or_default()
}

fn describe(sources: &[[u8; 4]], written: &mut Vec<u8>) {
    let count = sources.len().min(MOST_SOURCES);
    let start = written.len();
    written.extend([0x80 | u8::try_from(count).unwrap_or(0), SOURCE_DESCRIPTION, 0, 0]);
    for source in sources.iter().take(count) {
        let name = format!("{:08x}", u32::from_be_bytes(*source));
        written.extend_from_slice(source);
        written.extend([CNAME, u8::try_from(name.len()).unwrap_or(0)]);
        written.extend_from_slice(name.as_bytes());
        written.extend([0, 0]);
    }
    let words = (written.len() - start) / 4 - 1;
    if let Some(length) = written.get_mut(start + 2..start + 4) {
        length.copy_from_slice(&u16::try_from(words).unwrap_or(0).to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use bellbird_base::{Rng, Seed};
    use bellbird_media::rtcp::{Compound, Packet, Writer};

    use super::*;

    const HOME: &str = "sip:244@192.168.1.7:5060";

    /// A report of this source with its name, as phones write it.
    fn report(ssrc: u32, name: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        Writer::new(&mut bytes, ssrc).report(None, None).description(name).bye();
        bytes
    }

    fn tells(bytes: &[u8], what: &str) -> bool {
        bytes.windows(what.len()).any(|window| window == what.as_bytes())
    }

    #[test]
    fn the_address_in_a_name_does_not_get_out_and_the_figures_do() {
        for name in [HOME, "", "a", "ab", "abc", "abcd"] {
            let written = without_names(&report(0x5f3a_0c91, name)).unwrap();
            assert!(!tells(&written, "192.168") && tells(&written, "5f3a0c91"), "{written:?}");
            let packets: Vec<Packet<'_>> = Compound::parse(&written).unwrap().collect();
            let [Packet::ReceiverReport { ssrc: 0x5f3a_0c91, .. }, Packet::Other, Packet::Bye { mut sources }] =
                packets[..]
            else {
                panic!("{packets:?}")
            };
            assert_eq!(sources.next(), Some(0x5f3a_0c91));
        }
    }

    #[test]
    fn all_sources_of_a_description_keep_their_numbers_and_no_other_item_stays() {
        let mut sdes = vec![0x82, 202, 0, 0];
        for (ssrc, item) in [(7_u32, &[1, 3, b'a', b'@', b'b', 6, 4, b'1', b'0', b'.', b'0', 0][..]), (8, &[0; 4])] {
            sdes.extend(ssrc.to_be_bytes());
            sdes.extend(item);
            sdes.resize(sdes.len().next_multiple_of(4), 0);
        }
        sdes[3] = u8::try_from(sdes.len() / 4 - 1).unwrap();
        let written = without_names(&sdes).unwrap();
        let mut expected = Vec::new();
        describe(&[7_u32.to_be_bytes(), 8_u32.to_be_bytes()], &mut expected);
        assert_eq!(written, expected);
        assert_eq!(without_names(&written), Some(expected), "it is read as it was written");
    }

    #[test]
    fn what_is_no_whole_report_goes_on_as_it_is() {
        let mut encrypted = report(7, HOME);
        // SRTCP: another index and a tag of ten bytes follow, and all but the first words are cipher text.
        encrypted.iter_mut().skip(8).for_each(|byte| *byte ^= 0xa7);
        encrypted.extend([0x80, 0, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]);
        let rtp = [0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 1, 2, 3, 4];
        let stun = [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
        for datagram in [&encrypted[..], &rtp, &stun, b"", b"\x80"] {
            assert_eq!(without_names(datagram), None);
        }
        let mut without = Vec::new();
        Writer::new(&mut without, 7).report(None, None);
        assert_eq!(without_names(&without), None, "nothing to hide");
    }

    #[test]
    fn damaged_descriptions_neither_panic_nor_tell_names() {
        let mut rng = Rng::new(&Seed::from_number(5));
        for _ in 0..20_000 {
            let mut bytes = report(7, HOME);
            for _ in 0..rng.below(4) {
                let at = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
                bytes[at] = u8::try_from(rng.below(256)).unwrap();
            }
            if let Some(written) = without_names(&bytes) {
                assert!(!tells(&written, "192.168.1"), "{bytes:?}");
            }
        }
    }
}
