use std::fmt::{self, Write as _};

use super::name::Code;
use super::scan::{is_token, trim_bytes};
use super::{Fields, HeaderName, Message};

/// Header fields to be sent, in order.
///
/// Line ends and other control characters in a value become spaces, so that no value can add a field. Content-Length
/// is not held here: it is counted when the message is written.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<Field>);

#[derive(Clone, PartialEq, Eq)]
struct Field {
    code: Code,
    /// The name, where the code does not tell it.
    other: Box<str>,
    value: Box<[u8]>,
}

impl Field {
    fn new(name: HeaderName<'_>, value: &[u8]) -> Option<Self> {
        // A known name may come as `Other` too.
        let (code, other) = match (Code::of(name), name) {
            (Code::OTHER, HeaderName::Other(text)) => (Code::lookup(text.as_bytes()), text),
            (code, _) => (code, ""),
        };
        let other = if code == Code::OTHER { other } else { "" };
        let legal = code != Code::of(HeaderName::ContentLength) && (code != Code::OTHER || is_token(other));
        legal.then(|| Self { code, other: other.into(), value: clean(value) })
    }

    fn name(&self) -> HeaderName<'_> {
        self.code.name().unwrap_or(HeaderName::Other(&self.other))
    }

    fn is(&self, name: HeaderName<'_>) -> bool {
        self.name() == name
    }
}

/// Folds become one space, control characters one each.
fn clean(value: &[u8]) -> Box<[u8]> {
    let value = trim_bytes(value);
    if !value.iter().any(|byte| *byte < b' ' && *byte != b'\t' || *byte == 0x7f) {
        return value.into();
    }
    let mut cleaned = Vec::with_capacity(value.len());
    let mut after_fold = false;
    for &byte in value {
        match byte {
            b'\r' | b'\n' => after_fold = true,
            b' ' | b'\t' if after_fold => {}
            _ => {
                if std::mem::take(&mut after_fold) {
                    cleaned.push(b' ');
                }
                cleaned.push(if byte < b' ' || byte == 0x7f { b' ' } else { byte });
            }
        }
    }
    trim_bytes(&cleaned).into()
}

impl Headers {
    /// None yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// What every response takes over from its request: Via, From, To, Call-ID, CSeq (RFC 3261 §8.2.6.2).
    pub fn answering(request: &Message<'_>) -> Self {
        let mut headers = Self::new();
        for name in [HeaderName::Via, HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq] {
            headers.copy(request, name);
        }
        headers
    }

    /// Adds a field behind all others. A name that is no token, and Content-Length, are left out.
    pub fn push(&mut self, name: HeaderName<'_>, value: impl fmt::Display) -> &mut Self {
        let mut text = String::new();
        // Writing to a String can't fail.
        let _ = write!(text, "{value}");
        self.push_bytes(name, text.as_bytes())
    }

    /// Adds a field whose value need not be UTF-8.
    pub fn push_bytes(&mut self, name: HeaderName<'_>, value: &[u8]) -> &mut Self {
        self.0.extend(Field::new(name, value));
        self
    }

    /// Adds a field before all others, as a Via.
    pub fn push_front(&mut self, name: HeaderName<'_>, value: impl fmt::Display) -> &mut Self {
        if let Some(field) = Field::new(name, value.to_string().as_bytes()) {
            self.0.insert(0, field);
        }
        self
    }

    /// Puts one field in place of all of this name; the first one's place is kept.
    pub fn set(&mut self, name: HeaderName<'_>, value: impl fmt::Display) -> &mut Self {
        let Some(field) = Field::new(name, value.to_string().as_bytes()) else { return self };
        let position = self.0.iter().position(|field| field.is(name));
        self.remove(name);
        self.0.insert(position.unwrap_or(self.0.len()), field);
        self
    }

    /// Takes away all fields of this name.
    pub fn remove(&mut self, name: HeaderName<'_>) -> &mut Self {
        self.0.retain(|field| !field.is(name));
        self
    }

    /// Puts another value into the first field of this name.
    pub(super) fn amend_first(&mut self, name: HeaderName<'_>, amend: impl FnOnce(&[u8]) -> Vec<u8>) {
        if let Some(field) = self.0.iter_mut().find(|field| field.is(name)) {
            field.value = clean(&amend(&field.value));
        }
    }

    /// Takes away the first field of this name and gives its value.
    pub fn take_first(&mut self, name: HeaderName<'_>) -> Option<Vec<u8>> {
        let position = self.0.iter().position(|field| field.is(name))?;
        Some(self.0.remove(position).value.into_vec())
    }

    /// Adds all fields of this name that `message` has, unfolded.
    pub fn copy(&mut self, message: &Message<'_>, name: HeaderName<'_>) -> &mut Self {
        for line in message.lines(name) {
            self.push_bytes(name, line);
        }
        self
    }

    /// Adds all fields of another set behind these.
    pub fn append(&mut self, other: &Self) -> &mut Self {
        self.0.extend_from_slice(&other.0);
        self
    }

    /// Whether there is a field of this name.
    pub fn has(&self, name: HeaderName<'_>) -> bool {
        self.0.iter().any(|field| field.is(name))
    }

    /// All fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (HeaderName<'_>, &[u8])> {
        self.0.iter().map(|field| (field.name(), &*field.value))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes the fields, each with its line end.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for (name, value) in self.iter() {
            out.extend_from_slice(name.as_str().as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        }
    }
}

impl<'a> Fields<'a> for &'a Headers {
    fn next_line(self, name: HeaderName<'_>, position: &mut usize) -> Option<&'a [u8]> {
        while let Some(field) = self.0.get(*position) {
            *position += 1;
            if field.is(name) {
                return Some(&field.value);
            }
        }
        None
    }

    fn line_text(self, line: &'a [u8]) -> Option<&'a str> {
        str::from_utf8(line).ok()
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names only: values hold addresses and secrets.
        f.debug_list().entries(self.0.iter().map(Field::name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_in_a_value_become_spaces() {
        let mut headers = Headers::new();
        headers.push(HeaderName::Subject, "a\r\nVia: x\0");
        let mut out = Vec::new();
        headers.write(&mut out);
        assert_eq!(out, b"Subject: a Via: x\r\n");
    }

    #[test]
    fn illegal_name_and_content_length_are_left_out() {
        let mut headers = Headers::new();
        headers.push(HeaderName::Other("X: y\r\nZ"), 1).push(HeaderName::Other("l"), 5);
        assert!(headers.is_empty());
    }

    #[test]
    fn set_keeps_the_place_of_the_first() {
        let mut headers = Headers::new();
        headers.push(HeaderName::Via, 1).push(HeaderName::Other("X-a"), 2).push(HeaderName::Via, 3);
        headers.set(HeaderName::Via, 9).set(HeaderName::Other("x-A"), 8);
        let mut out = Vec::new();
        headers.write(&mut out);
        assert_eq!(out, b"Via: 9\r\nx-A: 8\r\n");
    }
}
