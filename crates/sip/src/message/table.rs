//! The header table: where each field lies in the received bytes.

use smallvec::SmallVec;

use super::name::Code;
use super::scan::{is_lws, is_token_byte, saturating_number, skip_lws, trim_bytes};
use super::{Fault, HeaderName, MAX_FIELDS, MAX_HEAD, NameAddr, Refusal};

/// How many fields lie in the message itself; more of them spill to the heap.
const INLINE_FIELDS: usize = 32;

#[derive(Clone, Copy)]
struct Line {
    name: u32,
    value: u32,
    value_length: u32,
    name_length: u16,
    code: Code,
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

const ESSENTIALS: [HeaderName<'static>; 6] = [
    HeaderName::Via,
    HeaderName::From,
    HeaderName::To,
    HeaderName::CallId,
    HeaderName::CSeq,
    HeaderName::ContentLength,
];

/// For each code the essential that it stands for, plus one; zero for none.
const ESSENTIAL_OF: [u8; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < ESSENTIALS.len() {
        table[Code::of(ESSENTIALS[i]).index()] = i as u8 + 1;
        i += 1;
    }
    table
};

const NOWHERE: u16 = u16::MAX;

pub(super) struct Table<'a> {
    bytes: &'a [u8],
    /// The head as text, where all of it is UTF-8.
    head: Option<&'a str>,
    start_line: (usize, usize),
    lines: SmallVec<[Line; INLINE_FIELDS]>,
    essentials: [u16; ESSENTIALS.len()],
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
            essentials: [NOWHERE; ESSENTIALS.len()],
            body_start: bytes.len(),
            fault: None,
        };
        table.read_lines(next);
        table.head = bytes.get(..table.body_start).and_then(|head| str::from_utf8(head).ok());
        Ok(table)
    }

    fn read_lines(&mut self, mut at: usize) {
        let bytes = self.bytes;
        loop {
            match bytes.get(at) {
                None => {
                    // The empty line is missing. Where the last line is complete nothing was lost.
                    let complete = bytes.last() == Some(&b'\n');
                    self.body_start = bytes.len();
                    self.fault = self.fault.or((!complete).then_some(Fault::Truncated));
                    return;
                }
                Some(b'\n') => return self.body_start = at + 1,
                Some(b'\r') if bytes.get(at + 1) == Some(&b'\n') => return self.body_start = at + 2,
                Some(_) => {}
            }
            let (mut end, mut next) = line_end(bytes, at);
            while let Some(b' ' | b'\t') = bytes.get(next) {
                (end, next) = line_end(bytes, next);
            }
            if next > MAX_HEAD || self.lines.len() == MAX_FIELDS {
                self.fault = Some(Fault::TooLarge);
                return self.body_start = bytes.len();
            }
            self.read_field(at, end);
            at = next;
        }
    }

    /// `name: value` in `bytes[start..end]`. A line that is no field is passed over: RFC 3261 §7.3.1 and the
    /// robustness that RFC 4475 asks for let a broken field cost only itself.
    #[inline]
    fn read_field(&mut self, start: usize, end: usize) {
        let Some(line) = self.bytes.get(start..end) else { return };
        let mut name_end = 0;
        while line.get(name_end).copied().is_some_and(is_token_byte) {
            name_end += 1;
        }
        let colon = if line.get(name_end) == Some(&b':') { name_end } else { skip_lws(line, name_end) };
        let Some(name) = line.get(..name_end) else { return };
        if name.is_empty() || line.get(colon) != Some(&b':') {
            return;
        }
        let value_start = skip_lws(line, colon + 1);
        let mut value_end = line.len();
        while value_end > value_start && is_lws(line[value_end - 1]) {
            value_end -= 1;
        }
        let code = Code::lookup(name);
        self.note_essential(code, line.get(value_start..value_end).unwrap_or_default());
        // The head is bounded by MAX_HEAD, so that these fit.
        self.lines.push(Line {
            name: start as u32,
            value: (start + value_start) as u32,
            value_length: (value_end - value_start) as u32,
            name_length: u16::try_from(name_end).unwrap_or(u16::MAX),
            code,
        });
    }

    #[inline]
    fn note_essential(&mut self, code: Code, value: &[u8]) {
        let Some(which) = ESSENTIAL_OF[code.index()].checked_sub(1) else { return };
        let position = u16::try_from(self.lines.len()).unwrap_or(NOWHERE);
        let Some(slot) = self.essentials.get_mut(which as usize) else { return };
        if *slot == NOWHERE {
            *slot = position;
            return;
        }
        let first = *slot;
        let repeated = which != Essential::Via as u8 && self.value(first) != Some(value);
        if repeated && self.fault.is_none() {
            self.fault = ESSENTIALS.get(which as usize).map(|name| Fault::Repeated(name.as_str()));
        }
    }

    fn value(&self, position: u16) -> Option<&'a [u8]> {
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
        self.value(*self.essentials.get(which as usize)?)
    }

    pub(super) fn essential(&self, which: Essential) -> Result<&'a str, Fault> {
        let name = ESSENTIALS[which as usize].as_str();
        let bytes = self.essential_bytes(which).ok_or(Fault::Missing(name))?;
        self.text(bytes).ok_or(Fault::Malformed(name))
    }

    /// From or To. A display name in some old encoding must not cost the call: then the part behind it is read.
    pub(super) fn address(&self, which: Essential) -> Result<NameAddr<'a>, Option<Fault>> {
        let name = ESSENTIALS[which as usize].as_str();
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

    pub(super) fn next_line(&self, name: HeaderName<'_>, position: &mut usize) -> Option<&'a [u8]> {
        let code = Code::of(name);
        while let Some(line) = self.lines.get(*position) {
            *position += 1;
            let found = line.code == code
                && (code != Code::OTHER
                    || self.slice(line.name, line.name_length.into()).eq_ignore_ascii_case(name.as_str().as_bytes()));
            if found {
                return Some(self.slice(line.value, line.value_length));
            }
        }
        None
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        self.lines.iter().map(|line| {
            (self.slice(line.name, line.name_length.into()), trim_bytes(self.slice(line.value, line.value_length)))
        })
    }
}

/// The end of the line that starts at `at` without its line end, and the start of the next. A lone LF ends a line too.
#[inline]
fn line_end(bytes: &[u8], at: usize) -> (usize, usize) {
    match bytes.get(at..).and_then(|rest| memchr::memchr(b'\n', rest)) {
        Some(offset) => {
            let end = at + offset;
            let cr = offset > 0 && bytes.get(end - 1) == Some(&b'\r');
            (if cr { end - 1 } else { end }, end + 1)
        }
        None => (bytes.len(), bytes.len()),
    }
}
