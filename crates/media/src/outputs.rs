use std::collections::VecDeque;
use std::net::SocketAddr;

use bellbird_base::{Codec, Instant};

use crate::event::{Component, Datagram, Event, Negotiated, Output, RtpFrame};

/// Buffers kept for the next packets.
const SPARE: usize = 32;
/// Room that a buffer starts with: a packet of an Ethernet's size.
const ROOM: usize = 1_500;

/// What waits to be polled. Buffers go round, so that a call in its stride allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    queue: VecDeque<Queued>,
    spare: Vec<Vec<u8>>,
    /// The buffer that the last output borrows.
    lent: Vec<u8>,
}

#[derive(Debug)]
enum Queued {
    Datagram(Component, SocketAddr, Vec<u8>),
    Frame(FrameHeader, Vec<u8>),
    ComfortNoise(FrameHeader, u8, Vec<u8>),
    ResolveHost(Vec<u8>),
    Plain(PlainEvent),
}

/// All of a received frame but its payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameHeader {
    pub(crate) codec: Codec,
    pub(crate) sequence: u64,
    pub(crate) timestamp: u64,
    pub(crate) marker: bool,
    pub(crate) arrival: Instant,
}

/// The events that borrow nothing.
#[derive(Debug)]
pub(crate) enum PlainEvent {
    Negotiated(Box<Negotiated>),
    Digit(crate::rtp::Digit),
    Latched(Component, SocketAddr),
    SourceChanged { ssrc: u32 },
    DigitsSent,
    Bye,
    ReportReceived,
}

impl Outputs {
    /// An empty buffer to write a packet into.
    pub(crate) fn buffer(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_else(|| Vec::with_capacity(ROOM))
    }

    pub(crate) fn datagram(&mut self, component: Component, destination: SocketAddr, packet: Vec<u8>) {
        self.queue.push_back(Queued::Datagram(component, destination, packet));
    }

    pub(crate) fn frame(&mut self, header: FrameHeader, payload: &[u8]) {
        let payload = self.copy(payload);
        self.queue.push_back(Queued::Frame(header, payload));
    }

    pub(crate) fn comfort_noise(&mut self, header: FrameHeader, level: u8, spectrum: &[u8]) {
        let spectrum = self.copy(spectrum);
        self.queue.push_back(Queued::ComfortNoise(header, level, spectrum));
    }

    pub(crate) fn resolve_host(&mut self, host: &str) {
        let host = self.copy(host.as_bytes());
        self.queue.push_back(Queued::ResolveHost(host));
    }

    pub(crate) fn event(&mut self, event: PlainEvent) {
        self.queue.push_back(Queued::Plain(event));
    }

    /// Takes back a buffer that was not used after all.
    pub(crate) fn recycle(&mut self, mut buffer: Vec<u8>) {
        buffer.clear();
        if buffer.capacity() > 0 && self.spare.len() < SPARE {
            self.spare.push(buffer);
        }
    }

    fn copy(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut buffer = self.buffer();
        buffer.extend_from_slice(bytes);
        buffer
    }

    /// The next output; `None` once all are polled.
    pub(crate) fn pop(&mut self) -> Option<Output<'_>> {
        let queued = self.queue.pop_front()?;
        Some(match queued {
            Queued::Datagram(component, destination, packet) => {
                Output::Transmit(Datagram { component, destination, payload: self.lend(packet) })
            }
            Queued::Frame(FrameHeader { codec, sequence, timestamp, marker, arrival }, payload) => {
                let payload = self.lend(payload);
                Output::Event(Event::Frame(RtpFrame { codec, sequence, timestamp, marker, arrival, payload }))
            }
            Queued::ComfortNoise(FrameHeader { codec, sequence, timestamp, arrival, marker: _ }, level, spectrum) => {
                let spectrum = self.lend(spectrum);
                Output::Event(Event::ComfortNoise { codec, sequence, timestamp, arrival, level, spectrum })
            }
            Queued::ResolveHost(host) => {
                Output::Event(Event::ResolveHost(core::str::from_utf8(self.lend(host)).unwrap_or_default()))
            }
            Queued::Plain(event) => Output::Event(event.into()),
        })
    }

    fn lend(&mut self, buffer: Vec<u8>) -> &[u8] {
        let before = core::mem::replace(&mut self.lent, buffer);
        self.recycle(before);
        &self.lent
    }
}

impl From<PlainEvent> for Event<'_> {
    fn from(event: PlainEvent) -> Self {
        match event {
            PlainEvent::Negotiated(negotiated) => Self::Negotiated(*negotiated),
            PlainEvent::Digit(crate::rtp::Digit { digit, duration }) => Self::Digit { digit, duration },
            PlainEvent::Latched(component, source) => Self::Latched(component, source),
            PlainEvent::SourceChanged { ssrc } => Self::SourceChanged { ssrc },
            PlainEvent::DigitsSent => Self::DigitsSent,
            PlainEvent::Bye => Self::Bye,
            PlainEvent::ReportReceived => Self::ReportReceived,
        }
    }
}
