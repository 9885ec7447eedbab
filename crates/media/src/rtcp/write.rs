use super::packet::{ReportBlock, SenderInfo};
use super::xr::VoipMetrics;

/// Writes a compound packet (RFC 3550 §6.1): a report first, then whatever else.
#[derive(Debug)]
pub struct Writer<'a> {
    packet: &'a mut Vec<u8>,
    ssrc: u32,
}

impl<'a> Writer<'a> {
    /// Appends to `packet`, as this source.
    pub fn new(packet: &'a mut Vec<u8>, ssrc: u32) -> Self {
        Self { packet, ssrc }
    }

    /// SR if we have sent, else RR; with what we have received.
    pub fn report(&mut self, info: Option<&SenderInfo>, block: Option<&ReportBlock>) -> &mut Self {
        let packet_type = if info.is_some() { 200 } else { 201 };
        self.put(packet_type, u8::from(block.is_some()), |packet| {
            if let Some(info) = info {
                packet.extend_from_slice(&info.ntp.0.to_be_bytes());
                [info.timestamp, info.packets, info.octets]
                    .iter()
                    .for_each(|word| packet.extend_from_slice(&word.to_be_bytes()));
            }
            if let Some(block) = block {
                block.write(packet);
            }
        })
    }

    /// SDES with the canonical name.
    pub fn description(&mut self, cname: &str) -> &mut Self {
        let cname = &cname.as_bytes()[..cname.len().min(255)];
        self.put(202, 1, |packet| {
            packet.extend_from_slice(&[1, cname.len() as u8]);
            packet.extend_from_slice(cname);
            // At least one zero ends the items; more fill up the word.
            packet.push(0);
        })
    }

    /// XR with a VoIP metrics block.
    pub fn voip_metrics(&mut self, metrics: &VoipMetrics) -> &mut Self {
        self.put(207, 0, |packet| metrics.write(packet))
    }

    /// BYE.
    pub fn bye(&mut self) -> &mut Self {
        self.put(203, 1, |_| {})
    }

    fn put(&mut self, packet_type: u8, count: u8, body: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        let start = self.packet.len();
        self.packet.extend_from_slice(&[0x80 | count, packet_type, 0, 0]);
        self.packet.extend_from_slice(&self.ssrc.to_be_bytes());
        body(self.packet);
        let padded = start + (self.packet.len() - start).next_multiple_of(4);
        self.packet.resize(padded, 0);
        let words = ((padded - start) / 4 - 1) as u16;
        self.packet[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
        self
    }
}

#[cfg(test)]
mod tests {
    use bellbird_base::{Duration, Instant};

    use super::super::packet::{NtpTime, round_trip};
    use super::super::{Compound, Packet};
    use super::*;

    const BLOCK: ReportBlock = ReportBlock {
        ssrc: 2,
        fraction_lost: 25,
        lost: -3,
        highest_sequence: 70_000,
        jitter: 40,
        last_sender_report: 5,
        delay: 6,
    };

    #[test]
    fn compound_comes_back_as_written() {
        let info = SenderInfo { ntp: NtpTime(1 << 40), timestamp: 9, packets: 10, octets: 11 };
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes, 1);
        writer.report(Some(&info), Some(&BLOCK)).description("name").voip_metrics(&VoipMetrics::default()).bye();
        assert_eq!(bytes.len() % 4, 0);
        let packets: Vec<Packet<'_>> = Compound::parse(&bytes).unwrap().collect();
        let [Packet::SenderReport { ssrc: 1, info: read, mut blocks }, Packet::Other, xr, Packet::Bye { mut sources }] =
            packets[..]
        else {
            panic!("{packets:?}")
        };
        assert_eq!((read, blocks.next(), blocks.next()), (info, Some(BLOCK), None));
        assert!(matches!(xr, Packet::VoipMetrics { ssrc: 1, metrics } if metrics == VoipMetrics::default()));
        assert_eq!((sources.next(), sources.next()), (Some(1), None));
    }

    #[test]
    fn receiver_report_needs_no_block() {
        let mut bytes = Vec::new();
        Writer::new(&mut bytes, 1).report(None, None);
        assert_eq!(bytes, [0x80, 201, 0, 1, 0, 0, 0, 1]);
    }

    #[test]
    fn packets_whose_lengths_do_not_add_up_are_refused() {
        for bytes in [&[][..], &[0x80, 201, 0], &[0x80, 201, 0, 2, 0, 0, 0, 1], &[0x40, 201, 0, 0]] {
            assert!(Compound::parse(bytes).is_none(), "{bytes:?}");
        }
        // A count of blocks beyond the packet's end costs only that packet.
        let bytes = [0x9f, 201, 0, 1, 0, 0, 0, 1];
        assert_eq!(Compound::parse(&bytes).unwrap().next(), Some(Packet::Other));
    }

    #[test]
    fn round_trip_is_what_the_delay_leaves() {
        let sent = Instant::from_nanos(5_000_000_000);
        let block = ReportBlock { last_sender_report: NtpTime::of(sent).middle(), delay: 1 << 16, ..BLOCK };
        let found = round_trip(&block, sent + Duration::from_millis(1_080)).unwrap();
        assert!((79..=81).contains(&found.as_millis()), "{found:?}");
        assert_eq!(round_trip(&block, sent), None, "before the delay has passed");
        assert_eq!(round_trip(&ReportBlock { last_sender_report: 0, ..block }, sent), None);
    }
}
