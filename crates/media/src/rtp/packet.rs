/// The fields of an RTP header that a phone writes (RFC 3550 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// First packet of a talkspurt or an event.
    pub marker: bool,
    /// What the payload is, below 128.
    pub payload_type: u8,
    /// Goes up by one with each packet.
    pub sequence: u16,
    /// Sampling instant of the payload's start, in ticks of the codec's clock.
    pub timestamp: u32,
    /// The synchronisation source.
    pub ssrc: u32,
}

/// Length of a header without contributing sources and extension.
const FIXED: usize = 12;

impl Header {
    /// Writes the header.
    pub fn write(&self, packet: &mut Vec<u8>) {
        packet.extend_from_slice(&[0x80, u8::from(self.marker) << 7 | self.payload_type & 0x7f]);
        packet.extend_from_slice(&self.sequence.to_be_bytes());
        packet.extend_from_slice(&self.timestamp.to_be_bytes());
        packet.extend_from_slice(&self.ssrc.to_be_bytes());
    }

    /// Reads the fixed part; `None` unless it is there and of version 2. Leaves the length of the rest alone: the
    /// packet may still be encrypted.
    pub fn read(packet: &[u8]) -> Option<Self> {
        let fixed: &[u8; FIXED] = packet.first_chunk()?;
        let [first, second, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3] = *fixed;
        (first >> 6 == 2).then_some(Self {
            marker: second & 0x80 != 0,
            payload_type: second & 0x7f,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
        })
    }
}

/// An RTP packet as received, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The fixed part of the header.
    pub header: Header,
    /// Between header and padding.
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a packet in the clear; `None` if its lengths do not add up.
    pub fn parse(packet: &'a [u8]) -> Option<Self> {
        let header = Header::read(packet)?;
        let rest = packet.get(header_length(packet)?..)?;
        let is_padded = packet.first()? & 0x20 != 0;
        let padding = if is_padded { usize::from(*rest.last()?) } else { 0 };
        let is_sound = !is_padded || padding > 0;
        let payload = rest.get(..rest.len().checked_sub(padding)?)?;
        is_sound.then_some(Self { header, payload })
    }
}

/// Length of the whole header with contributing sources and extension; `None` if the packet is shorter or no RTP.
pub fn header_length(packet: &[u8]) -> Option<usize> {
    let first = *packet.first()?;
    let sources = FIXED + 4 * usize::from(first & 0x0f);
    let extended = match first & 0x10 != 0 {
        false => sources,
        true => {
            let words = packet.get(sources + 2..sources + 4)?;
            sources + 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]))
        }
    };
    (first >> 6 == 2 && extended <= packet.len()).then_some(extended)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header = Header { marker: true, payload_type: 96, sequence: 7, timestamp: 960, ssrc: 0xdead_beef };

    fn written(payload: &[u8]) -> Vec<u8> {
        let mut packet = Vec::new();
        HEADER.write(&mut packet);
        packet.extend_from_slice(payload);
        packet
    }

    #[test]
    fn header_comes_back_as_written() {
        let packet = written(b"audio");
        assert_eq!(Packet::parse(&packet), Some(Packet { header: HEADER, payload: b"audio" }));
    }

    #[test]
    fn sources_extension_and_padding_are_no_payload() {
        let mut packet = written(b"");
        packet[0] |= 0x20 | 0x10 | 1;
        packet.extend_from_slice(&[0; 4]);
        packet.extend_from_slice(&[0xbe, 0xde, 0, 1, 1, 2, 3, 4]);
        packet.extend_from_slice(b"audio\0\0\x03");
        assert_eq!(Packet::parse(&packet).unwrap().payload, b"audio");
    }

    #[test]
    fn lengths_that_do_not_add_up_are_refused() {
        let mut short = written(b"");
        short[0] |= 3;
        let mut padded = written(b"x\x09");
        padded[0] |= 0x20;
        let mut extended = written(b"\0\0\0\x09");
        extended[0] |= 0x10;
        for packet in [&short[..], &padded[..], &extended[..], &written(b"")[..11], b"", &[0x40; 20]] {
            assert_eq!(Packet::parse(packet), None);
        }
    }
}
