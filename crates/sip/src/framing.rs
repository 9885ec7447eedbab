//! Cutting messages out of a byte stream (RFC 3261 §18.3, RFC 5626 §3.5.1).
//!
//! Datagrams and WebSocket messages come whole and need none of this.

use std::ops::Range;

use crate::message::scan::{is_lws, is_token_byte, saturating_number, trim_bytes};

/// Bounds on what a stream may make us hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest start line and header part, in bytes.
    pub head: usize,
    /// The longest body, in bytes.
    pub body: usize,
}

impl Default for Limits {
    /// 64 KiB of head, 1 MiB of body.
    fn default() -> Self {
        Self { head: crate::message::MAX_HEAD, body: 1 << 20 }
    }
}

/// What a stream gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A whole message, head and body.
    Message(&'a [u8]),
    /// A double CRLF: the peer wants a single one back.
    Ping,
    /// A single CRLF: the answer to our own double one.
    Pong,
}

/// Why the stream has to be closed: nothing says any more where the next message starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// No empty line within the limit.
    #[error("the header part exceeds the limit")]
    HeadTooLong,
    /// Content-Length beyond the limit.
    #[error("the body exceeds the limit")]
    BodyTooLong,
    /// Content-Length is no number, or there are several that differ.
    #[error("malformed Content-Length")]
    ContentLength,
    /// What came can't be the start of a message.
    #[error("the stream is not SIP")]
    NotSip,
}

/// Collects the bytes of a stream and gives whole messages.
///
/// Each byte is looked at a bounded number of times, however the stream is cut into pieces. A message without
/// Content-Length has no body. After an error the stream is to be closed; it gives the same error from then on.
#[derive(Debug, Default)]
pub struct StreamFramer {
    limits: Limits,
    buffer: Vec<u8>,
    /// What lies before it was given out.
    start: usize,
    state: State,
}

/// `Start` ─ first byte of a message → `Head` ─ empty line → `Body` ─ all there → `Start`; any → `Broken`
#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// Between messages.
    #[default]
    Start,
    /// Between messages, behind a single CRLF that was given out as a pong. Another one makes it a ping.
    AfterPong,
    /// In a head; what lies before `searched` holds no empty line.
    Head {
        searched: usize,
    },
    /// In a body; the message ends at `end`.
    Body {
        end: usize,
    },
    Broken(StreamError),
}

impl StreamFramer {
    /// With the usual bounds.
    pub fn new() -> Self {
        Self::default()
    }

    /// With other bounds.
    pub fn with_limits(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Takes in what was received; then call [`Self::next_frame`] until it gives `None`.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.compact();
        }
        if !matches!(self.state, State::Broken(_)) {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Moves what is left to the front. What is left was mostly given out before: the copying stays linear, because it
    /// happens only behind a message that was given out and only with the rest of one piece.
    fn compact(&mut self) {
        self.buffer.drain(..self.start);
        match &mut self.state {
            State::Head { searched: position } | State::Body { end: position } => *position -= self.start,
            State::Start | State::AfterPong | State::Broken(_) => {}
        }
        self.start = 0;
    }

    /// How many bytes are held back.
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// The next frame; `None` until more is pushed.
    ///
    /// # Errors
    /// Where the stream has to be closed.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, StreamError> {
        match self.step() {
            Ok(Some(Step::Message(range))) => Ok(self.buffer.get(range).map(Frame::Message)),
            Ok(Some(Step::Ping)) => Ok(Some(Frame::Ping)),
            Ok(Some(Step::Pong)) => Ok(Some(Frame::Pong)),
            Ok(None) => Ok(None),
            Err(error) => {
                self.state = State::Broken(error);
                self.buffer = Vec::new();
                self.start = 0;
                Err(error)
            }
        }
    }

    fn step(&mut self) -> Result<Option<Step>, StreamError> {
        loop {
            match self.state {
                State::Broken(error) => return Err(error),
                State::Start | State::AfterPong => match self.keep_alive() {
                    Some(step) => return Ok(Some(step)),
                    None if !self.starts_message()? => return Ok(None),
                    None => self.state = State::Head { searched: self.start },
                },
                State::Head { searched } => match self.head_end(searched)? {
                    Some(head_end) => self.state = State::Body { end: self.message_end(head_end)? },
                    None => return Ok(None),
                },
                State::Body { end } if end <= self.buffer.len() => {
                    let start = std::mem::replace(&mut self.start, end);
                    self.state = State::Start;
                    return Ok(Some(Step::Message(start..end)));
                }
                State::Body { .. } => return Ok(None),
            }
        }
    }

    /// Takes one or two line ends off the front.
    fn keep_alive(&mut self) -> Option<Step> {
        let rest = self.buffer.get(self.start..).unwrap_or_default();
        let (length, step) = match (rest, self.state) {
            ([b'\r', b'\n', b'\r', b'\n', ..], State::Start) => (4, Step::Ping),
            // The rest of a pair may still be under way: a lone CR waits.
            ([b'\r', b'\n', b'\r'], State::Start) => return None,
            ([b'\r', b'\n', ..], State::AfterPong) => (2, Step::Ping),
            ([b'\r', b'\n', ..], _) => (2, Step::Pong),
            ([b'\n', ..], _) => (1, Step::Pong),
            _ => return None,
        };
        self.start += length;
        self.state = if matches!(step, Step::Pong) { State::AfterPong } else { State::Start };
        Some(step)
    }

    /// Whether a message starts here; `false` until there is anything to tell it from.
    fn starts_message(&self) -> Result<bool, StreamError> {
        match self.buffer.get(self.start..) {
            None | Some([] | [b'\r'] | [b'\r', b'\n', b'\r']) => Ok(false),
            Some([first, ..]) if is_token_byte(*first) => Ok(true),
            Some(_) => Err(StreamError::NotSip),
        }
    }

    /// The position behind the empty line.
    fn head_end(&mut self, searched: usize) -> Result<Option<usize>, StreamError> {
        let mut at = searched;
        while let Some(offset) = self.buffer.get(at..).and_then(|rest| memchr::memchr(b'\n', rest)) {
            at += offset + 1;
            let end = match self.buffer.get(at..) {
                Some([b'\n', ..]) => Some(at + 1),
                Some([b'\r', b'\n', ..]) => Some(at + 2),
                _ => None,
            };
            if let Some(end) = end.filter(|end| end - self.start <= self.limits.head) {
                return Ok(Some(end));
            }
            if at - self.start > self.limits.head {
                return Err(StreamError::HeadTooLong);
            }
        }
        if self.buffer.len() - self.start > self.limits.head {
            return Err(StreamError::HeadTooLong);
        }
        // The last line end may turn out to be the one before the empty line.
        let searched = self.buffer.len().saturating_sub(2).max(self.start);
        self.state = State::Head { searched };
        Ok(None)
    }

    fn message_end(&self, head_end: usize) -> Result<usize, StreamError> {
        let head = self.buffer.get(self.start..head_end).unwrap_or_default();
        let length = content_length(head)?.unwrap_or(0);
        if length > self.limits.body {
            return Err(StreamError::BodyTooLong);
        }
        Ok(head_end + length)
    }
}

enum Step {
    Message(Range<usize>),
    Ping,
    Pong,
}

/// The value of Content-Length, folded or not, long or compact. A head whose first line shows that it is no SIP is
/// refused here: its Content-Length would mean nothing.
fn content_length(head: &[u8]) -> Result<Option<usize>, StreamError> {
    let mut lines = head.split_inclusive(|byte| *byte == b'\n').peekable();
    let first = lines.next().unwrap_or_default();
    if memchr::memmem::find(first, b"SIP/").is_none() {
        return Err(StreamError::NotSip);
    }
    let mut length = None;
    while let Some(line) = lines.next() {
        let Some(value) = content_length_value(line) else { continue };
        let mut digits = trim_bytes(value).to_vec();
        while let Some(fold) = lines.next_if(|next| matches!(next.first(), Some(b' ' | b'\t'))) {
            digits.extend_from_slice(trim_bytes(fold));
        }
        let digits = str::from_utf8(&digits).ok().and_then(saturating_number).ok_or(StreamError::ContentLength)?;
        let found = usize::try_from(digits).unwrap_or(usize::MAX);
        if length.is_some_and(|length| length != found) {
            return Err(StreamError::ContentLength);
        }
        length = Some(found);
    }
    Ok(length)
}

fn content_length_value(line: &[u8]) -> Option<&[u8]> {
    if !matches!(line.first(), Some(b'C' | b'c' | b'L' | b'l')) {
        return None;
    }
    let colon = memchr::memchr(b':', line)?;
    let (name, value) = line.split_at_checked(colon)?;
    let name_end = name.iter().position(|byte| is_lws(*byte)).unwrap_or(name.len());
    let name = name.get(..name_end)?;
    let found = name.eq_ignore_ascii_case(b"Content-Length") || name.eq_ignore_ascii_case(b"l");
    found.then(|| value.get(1..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &[u8] = b"MESSAGE sip:a SIP/2.0\r\nl : 5\r\n\r\nhello";
    const SECOND: &[u8] = b"SIP/2.0 200 OK\r\nX: y\r\nContent-Length:\r\n 0\r\n\r\n";

    #[derive(Debug, PartialEq, Eq)]
    enum Owned {
        Message(Vec<u8>),
        Ping,
        Pong,
    }

    fn drain(framer: &mut StreamFramer) -> Result<Vec<Owned>, StreamError> {
        let mut frames = Vec::new();
        while let Some(frame) = framer.next_frame()? {
            frames.push(match frame {
                Frame::Message(bytes) => Owned::Message(bytes.to_vec()),
                Frame::Ping => Owned::Ping,
                Frame::Pong => Owned::Pong,
            });
        }
        Ok(frames)
    }

    fn frames(chunks: &[&[u8]]) -> Result<Vec<Owned>, StreamError> {
        let mut framer = StreamFramer::new();
        let mut all = Vec::new();
        for chunk in chunks {
            framer.push(chunk);
            all.extend(drain(&mut framer)?);
        }
        Ok(all)
    }

    #[test]
    fn messages_are_cut_the_same_however_the_stream_is_chunked() {
        let stream = [FIRST, SECOND, FIRST].concat();
        let expected = vec![Owned::Message(FIRST.into()), Owned::Message(SECOND.into()), Owned::Message(FIRST.into())];
        for size in 1..stream.len() {
            let chunks: Vec<&[u8]> = stream.chunks(size).collect();
            assert_eq!(frames(&chunks).unwrap(), expected, "chunks of {size}");
        }
    }

    #[test]
    fn keep_alives_are_told_apart_between_messages() {
        assert_eq!(frames(&[b"\r\n\r\n"]).unwrap(), [Owned::Ping]);
        assert_eq!(frames(&[b"\r\n"]).unwrap(), [Owned::Pong]);
        assert_eq!(frames(&[b"\r\n", b"\r\n"]).unwrap(), [Owned::Pong, Owned::Ping]);
        let mixed = [b"\r\n\r\n", SECOND, b"\r\n"].concat();
        assert_eq!(frames(&[&mixed]).unwrap(), [Owned::Ping, Owned::Message(SECOND.into()), Owned::Pong]);
    }

    #[test]
    fn head_without_end_breaks_the_stream() {
        let mut framer = StreamFramer::with_limits(Limits { head: 100, body: 100 });
        framer.push(b"INVITE sip:a SIP/2.0\r\n");
        assert_eq!(framer.next_frame(), Ok(None));
        framer.push(&[b'x'; 100]);
        assert_eq!(framer.next_frame(), Err(StreamError::HeadTooLong));
        framer.push(SECOND);
        assert_eq!(framer.next_frame(), Err(StreamError::HeadTooLong));
        assert_eq!(framer.pending(), 0);
    }

    #[test]
    fn body_beyond_the_limit_breaks_the_stream() {
        let mut framer = StreamFramer::new();
        framer.push(b"MESSAGE sip:a SIP/2.0\r\nl: 99999999999999999999\r\n\r\n");
        assert_eq!(framer.next_frame(), Err(StreamError::BodyTooLong));
    }

    #[test]
    fn ambiguous_content_length_breaks_the_stream() {
        let error = frames(&[b"MESSAGE sip:a SIP/2.0\r\nl: 1\r\nContent-Length: 2\r\n\r\nab"]).unwrap_err();
        assert_eq!(error, StreamError::ContentLength);
        assert_eq!(frames(&[b"A sip:a SIP/2.0\r\nl: -1\r\n\r\n"]).unwrap_err(), StreamError::ContentLength);
    }

    #[test]
    fn other_protocols_break_the_stream() {
        assert_eq!(frames(&[&[0x16, 0x03, 0x01]]).unwrap_err(), StreamError::NotSip);
        assert_eq!(frames(&[b"GET / HTTP/1.1\r\n\r\n"]).unwrap_err(), StreamError::NotSip);
    }

    #[test]
    fn message_without_content_length_has_no_body() {
        let head = b"SIP/2.0 200 OK\r\n\r\n";
        assert_eq!(frames(&[head]).unwrap(), [Owned::Message(head.to_vec())]);
    }
}
