//! Packets that wait for their turn, in the order in which they are to be played.

use bellbird_base::Codec;

use crate::codec::MAX_PAYLOAD_BYTES;

/// How many packets can wait: 1.28 s of the shortest that is usual.
const SLOTS: usize = 128;

/// What a waiting packet holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Audio,
    /// Comfort noise of this level in −dBov; the payload is its spectrum.
    ComfortNoise(u8),
}

/// A packet without its payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) codec: Codec,
    pub(crate) content: Content,
    /// Counts the streams: a new one begins with each restart of the sender and each change of codec.
    pub(crate) stream: u32,
    pub(crate) sequence: u64,
    /// Position of the first sample, in samples of the codec's rate since the stream's origin.
    pub(crate) start: i64,
    /// How many samples it holds.
    pub(crate) samples: usize,
}

impl Entry {
    fn place(&self) -> (u32, i64) {
        (self.stream, self.start)
    }
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Queued,
    Duplicate,
    /// Queued, but the oldest one had to go.
    Overflowed,
    TooLong,
}

struct Slot {
    entry: Entry,
    length: usize,
    bytes: [u8; MAX_PAYLOAD_BYTES],
}

/// A fixed number of slots and their order; never allocates after it was made.
pub(crate) struct PacketQueue {
    slots: Vec<Slot>,
    /// Occupied slots, first to be played first.
    order: Vec<usize>,
    free: Vec<usize>,
}

impl PacketQueue {
    pub(crate) fn new() -> Self {
        let nothing =
            Entry { codec: Codec::Opus, content: Content::Audio, stream: 0, sequence: 0, start: 0, samples: 0 };
        let slot = || Slot { entry: nothing, length: 0, bytes: [0; MAX_PAYLOAD_BYTES] };
        Self {
            slots: (0..SLOTS).map(|_| slot()).collect(),
            order: Vec::with_capacity(SLOTS),
            free: (0..SLOTS).collect(),
        }
    }

    pub(crate) fn insert(&mut self, entry: Entry, payload: &[u8]) -> Verdict {
        if payload.len() > MAX_PAYLOAD_BYTES {
            return Verdict::TooLong;
        }
        let after = self.order.iter().rposition(|slot| self.slots[*slot].entry.place() <= entry.place());
        if after.is_some_and(|at| self.slots[self.order[at]].entry.place() == entry.place()) {
            return Verdict::Duplicate;
        }
        let mut at = after.map_or(0, |after| after + 1);
        let mut verdict = Verdict::Queued;
        if self.free.is_empty() {
            self.pop();
            at = at.saturating_sub(1);
            verdict = Verdict::Overflowed;
        }
        let Some(free) = self.free.pop() else { return Verdict::TooLong };
        let slot = &mut self.slots[free];
        slot.entry = entry;
        slot.length = payload.len();
        slot.bytes[..payload.len()].copy_from_slice(payload);
        self.order.insert(at, free);
        verdict
    }

    /// The packet to be played first.
    pub(crate) fn front(&self) -> Option<(Entry, &[u8])> {
        let slot = &self.slots[*self.order.first()?];
        Some((slot.entry, &slot.bytes[..slot.length]))
    }

    pub(crate) fn pop(&mut self) {
        if !self.order.is_empty() {
            self.free.push(self.order.remove(0));
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(stream: u32, start: i64) -> Entry {
        Entry { codec: Codec::Pcma, content: Content::Audio, stream, sequence: 0, start, samples: 160 }
    }

    fn drain(queue: &mut PacketQueue) -> Vec<i64> {
        let mut starts = Vec::new();
        while let Some((front, _)) = queue.front() {
            starts.push(front.start);
            queue.pop();
        }
        starts
    }

    #[test]
    fn packets_come_out_in_the_order_of_their_time() {
        let mut queue = PacketQueue::new();
        for start in [320, 0, 160, 640, 480] {
            assert_eq!(queue.insert(entry(0, start), &[1; 160]), Verdict::Queued);
        }
        assert_eq!(queue.insert(entry(0, 160), &[2]), Verdict::Duplicate);
        assert_eq!(queue.insert(entry(1, -80), &[3]), Verdict::Queued);
        assert_eq!(drain(&mut queue), [0, 160, 320, 480, 640, -80]);
    }

    #[test]
    fn a_full_queue_loses_its_oldest() {
        let mut queue = PacketQueue::new();
        for n in 0..SLOTS as i64 {
            assert_eq!(queue.insert(entry(0, n), &[]), Verdict::Queued);
        }
        assert_eq!(queue.insert(entry(0, 1_000), &[]), Verdict::Overflowed);
        assert_eq!(queue.len(), SLOTS);
        assert_eq!(drain(&mut queue).first(), Some(&1));
    }

    #[test]
    fn a_payload_longer_than_a_datagram_is_refused() {
        assert_eq!(PacketQueue::new().insert(entry(0, 0), &[0; 1_501]), Verdict::TooLong);
    }
}
