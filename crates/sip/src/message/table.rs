//! The header table: where each field lies in the received bytes.

use smallvec::SmallVec;

use super::name::Code;
use super::scan::{find_line_feed, saturating_number, skip_token, trim_bytes, trim_end, trim_start};
use super::{Fault, HeaderName, MAX_FIELDS, MAX_HEAD, NameAddr, Refusal};

/// How many fields lie in the message itself; more of them spill to the heap.
const INLINE_FIELDS: usize = 32;

#[derive(Clone, Copy)]
struct Line {
    name: u32,
    value: u32,
    value_length: u32,
    name_length: u16,
    /// The next field of the same name, or `NOWHERE`.
    next: u8,
}

/// The fields that are typed at parse.
#[derive(Clone, Copy)]
pub(super) enum Essential {
    Via,
    From,
    To,
    CallId,
    CSeq,
    ContentLength,
}

impl Essential {
    const fn name(self) -> HeaderName<'static> {
        ESSENTIALS[self as usize]
    }
}

const ESSENTIALS: [HeaderName<'static>; 6] = [
    HeaderName::Via,
    HeaderName::From,
    HeaderName::To,
    HeaderName::CallId,
    HeaderName::CSeq,
    HeaderName::ContentLength,
];

/// Fields that may stand once: two that differ are a fault.
const SINGLE: [bool; Code::COUNT] = {
    let mut single = [false; Code::COUNT];
    let mut i = 1;
    while i < ESSENTIALS.len() {
        single[Code::of(ESSENTIALS[i]).index()] = true;
        i += 1;
    }
    single
};

const NOWHERE: u8 = u8::MAX;

pub(super) struct Table<'a> {
    bytes: &'a [u8],
    /// The head as text, where all of it is UTF-8.
    head: Option<&'a str>,
    start_line: (usize, usize),
    lines: SmallVec<[Line; INLINE_FIELDS]>,
    /// For each name the first and the last field that bears it.
    first: [u8; Code::COUNT],
    last: [u8; Code::COUNT],
    body_start: usize,
    fault: Option<Fault>,
}

impl<'a> Table<'a> {
    /// Finds the fields. Fails only where nothing is left to answer.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let start = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(bytes.len());
        if start == bytes.len() {
            return Err(Refusal::drop(Fault::Empty));
        }
        let (end, next) = line_end(bytes, start);
        let mut table = Self {
            bytes,
            head: None,
            start_line: (start, end),
            lines: SmallVec::new(),
            first: [NOWHERE; Code::COUNT],
            last: [NOWHERE; Code::COUNT],
            body_start: bytes.len(),
            fault: None,
        };
        table.read_lines(next);
        table.head = bytes.get(..table.body_start).and_then(|head| str::from_utf8(head).ok());
        Ok(table)
    }

    fn read_lines(&mut self, start: usize) {
        let bytes = self.bytes;
        let mut rest = bytes.get(start..).unwrap_or_default();
        loop {
            match rest {
                [] => {
                    // The empty line is missing. Where the last line is complete nothing was lost.
                    let complete = bytes.last() == Some(&b'\n');
                    self.body_start = bytes.len();
                    self.fault = self.fault.or((!complete).then_some(Fault::Truncated));
                    return;
                }
                [b'\n', body @ ..] | [b'\r', b'\n', body @ ..] => return self.body_start = bytes.len() - body.len(),
                _ => {}
            }
            let at = bytes.len() - rest.len();
            let (line, behind) = rest.split_at(folded_line(rest));
            if at + line.len() > MAX_HEAD || self.lines.len() == MAX_FIELDS {
                self.fault = Some(Fault::TooLarge);
                return self.body_start = bytes.len();
            }
            self.read_field(at, line);
            rest = behind;
        }
    }

    /// `name: value` with its line end. A line that is no field is passed over: RFC 3261 §7.3.1 and the robustness that
    /// RFC 4475 asks for let a broken field cost only itself.
    #[inline]
    fn read_field(&mut self, at: usize, line: &'a [u8]) {
        let (name, behind) = line.split_at(skip_token(line, 0));
        let value = match behind {
            [b':', b' ', value @ ..] => value,
            _ => match trim_start(behind) {
                [b':', value @ ..] => value,
                _ => return,
            },
        };
        if name.is_empty() {
            return;
        }
        let value = trim_start(value);
        let value_start = at + line.len() - value.len();
        let value = trim_end(value);
        let code = Code::lookup(name);
        self.chain(code, value);
        // The head is bounded by MAX_HEAD, so that these fit.
        self.lines.push(Line {
            name: at as u32,
            value: value_start as u32,
            value_length: value.len() as u32,
            name_length: name.len() as u16,
            next: NOWHERE,
        });
    }

    /// Hangs the field that is about to be pushed behind the last one of its name.
    #[inline]
    fn chain(&mut self, code: Code, value: &[u8]) {
        let position = self.lines.len() as u8;
        let index = code.index();
        let last = std::mem::replace(&mut self.last[index], position);
        let Some(line) = self.lines.get_mut(last as usize) else {
            self.first[index] = position;
            return;
        };
        line.next = position;
        if SINGLE[index] && self.value(last) != Some(value) && self.fault.is_none() {
            self.fault = code.name().map(|name| Fault::Repeated(name.as_str()));
        }
    }

    fn value(&self, position: u8) -> Option<&'a [u8]> {
        self.lines.get(position as usize).map(|line| self.slice(line.value, line.value_length))
    }

    fn slice(&self, start: u32, length: u32) -> &'a [u8] {
        self.bytes.get(start as usize..(start + length) as usize).unwrap_or_default()
    }

    pub(super) fn start_line(&self) -> &'a [u8] {
        self.bytes.get(self.start_line.0..self.start_line.1).unwrap_or_default()
    }

    pub(super) const fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// The raw first line of an essential field.
    pub(super) fn essential_bytes(&self, which: Essential) -> Option<&'a [u8]> {
        self.value(self.first[Code::of(which.name()).index()])
    }

    pub(super) fn essential(&self, which: Essential) -> Result<&'a str, Fault> {
        let name = which.name().as_str();
        let bytes = self.essential_bytes(which).ok_or(Fault::Missing(name))?;
        self.text(bytes).ok_or(Fault::Malformed(name))
    }

    /// From or To. A display name in some old encoding must not cost the call: then the part behind it is read.
    pub(super) fn address(&self, which: Essential) -> Result<NameAddr<'a>, Option<Fault>> {
        let name = which.name().as_str();
        let bytes = self.essential_bytes(which).ok_or(Some(Fault::Missing(name)))?;
        let text = self.text(bytes).or_else(|| {
            let bracket = memchr::memrchr(b'<', bytes)?;
            str::from_utf8(bytes.get(bracket..)?).ok()
        });
        NameAddr::parse(text.ok_or(None)?).map_err(|_| None)
    }

    /// A slice of the head as text; `None` where it is no UTF-8.
    #[inline]
    pub(super) fn text(&self, slice: &'a [u8]) -> Option<&'a str> {
        if let Some(head) = self.head {
            let start = (slice.as_ptr() as usize).wrapping_sub(head.as_ptr() as usize);
            if let Some(text) = head.get(start..start.wrapping_add(slice.len())) {
                return Some(text);
            }
        }
        str::from_utf8(slice).ok()
    }

    pub(super) fn body(&self) -> Result<&'a [u8], Fault> {
        let body = self.bytes.get(self.body_start..).unwrap_or_default();
        let Some(bytes) = self.essential_bytes(Essential::ContentLength) else { return Ok(body) };
        let length = str::from_utf8(bytes).ok().and_then(saturating_number);
        let length = length.ok_or(Fault::Malformed("Content-Length"))?;
        usize::try_from(length).ok().and_then(|length| body.get(..length)).ok_or(Fault::Truncated)
    }

    /// `position` is 0 at first, then one more than that of the field found last.
    pub(super) fn next_line(&self, name: HeaderName<'_>, position: &mut usize) -> Option<&'a [u8]> {
        let code = Code::of(name);
        let mut at = match position.checked_sub(1) {
            None => self.first[code.index()],
            Some(before) => self.lines.get(before)?.next,
        };
        loop {
            let line = self.lines.get(at as usize)?;
            *position = at as usize + 1;
            if code != Code::OTHER || self.is_named(line, name) {
                return Some(self.slice(line.value, line.value_length));
            }
            at = line.next;
        }
    }

    fn is_named(&self, line: &Line, name: HeaderName<'_>) -> bool {
        self.slice(line.name, line.name_length.into()).eq_ignore_ascii_case(name.as_str().as_bytes())
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        self.lines.iter().map(|line| {
            (self.slice(line.name, line.name_length.into()), trim_bytes(self.slice(line.value, line.value_length)))
        })
    }
}

/// The length of the line at the front, with the lines that fold it and their line ends.
#[inline]
fn folded_line(bytes: &[u8]) -> usize {
    let mut length = 0;
    loop {
        let Some(offset) = bytes.get(length..).and_then(find_line_feed) else { return bytes.len() };
        length += offset + 1;
        if !matches!(bytes.get(length), Some(b' ' | b'\t')) {
            return length;
        }
    }
}

/// The end of the line that starts at `at` without its line end, and the start of the next. A lone LF ends a line too.
#[inline]
fn line_end(bytes: &[u8], at: usize) -> (usize, usize) {
    match bytes.get(at..).and_then(find_line_feed) {
        Some(offset) => {
            let end = at + offset;
            let cr = offset > 0 && bytes.get(end - 1) == Some(&b'\r');
            (if cr { end - 1 } else { end }, end + 1)
        }
        None => (bytes.len(), bytes.len()),
    }
}
