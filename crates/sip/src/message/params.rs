use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use super::Malformed;
use super::scan::{quoted_end, same_name, skip_in_param, skip_lws, skip_param_value, skip_token, trim};

/// Header or URI parameters as they stand in the message: `;name=value;flag;quoted="…"`.
///
/// The text was checked when the header was parsed, so that reading can't fail. Names compare without regard to case.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Params<'a>(&'a str);

/// One parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param<'a> {
    /// The name as it was written.
    pub name: &'a str,
    /// The value as it was written, with its quotes; `None` for a flag.
    pub raw_value: Option<&'a str>,
}

impl<'a> Param<'a> {
    /// The value without quotes but with the escapes of a quoted string left in; empty for a flag.
    pub fn value(&self) -> &'a str {
        let raw = self.raw_value.unwrap_or_default();
        raw.strip_prefix('"').map_or(raw, |inner| inner.strip_suffix('"').unwrap_or(inner))
    }

    /// The value with quotes and escapes resolved.
    pub fn unescaped(&self) -> Cow<'a, str> {
        match self.raw_value {
            Some(raw) if raw.starts_with('"') => unescape(self.value()),
            Some(raw) => raw.into(),
            None => "".into(),
        }
    }
}

impl<'a> Params<'a> {
    /// Checks parameters up to the end or to a comma; gives them and the position behind them. An empty one (`;;`, or
    /// a last `;`) is let pass: phones send it.
    pub(crate) fn scan(text: &'a str, from: usize) -> Result<(Self, usize), Malformed> {
        Self::scan_with::<true>(text, from)
    }

    /// The same without empty parameters, for Via (RFC 4475 §3.1.2.1).
    pub(crate) fn scan_strictly(text: &'a str, from: usize) -> Result<(Self, usize), Malformed> {
        Self::scan_with::<false>(text, from)
    }

    #[inline]
    fn scan_with<const EMPTY: bool>(text: &'a str, from: usize) -> Result<(Self, usize), Malformed> {
        let bytes = text.as_bytes();
        let mut at = skip_lws(bytes, from);
        let start = at;
        while bytes.get(at) == Some(&b';') {
            at = scan_param::<EMPTY>(bytes, at)?;
        }
        match bytes.get(at) {
            None | Some(b',') => Ok((Self(text.get(start..at).unwrap_or_default()), at)),
            Some(_) => Err(Malformed("parameters")),
        }
    }

    /// For text that starts with `;` and was checked elsewhere.
    pub(crate) const fn trusted(text: &'a str) -> Self {
        Self(text)
    }

    /// The text as it stands, from the first `;` on.
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// All of them in order.
    pub const fn iter(self) -> ParamIter<'a> {
        ParamIter { text: self.0, at: 0 }
    }

    /// The first of this name.
    pub fn find(self, name: &str) -> Option<Param<'a>> {
        let bytes = self.0.as_bytes();
        let mut at = 0;
        loop {
            let start = skip_lws(bytes, at + 1);
            let end = start + name.len();
            let candidate = bytes.get(start..end)?;
            if is_name_end(bytes.get(end)) && same_name(name.as_bytes(), candidate) {
                let raw_value = value_range(bytes, end).and_then(|value| self.0.get(value));
                return Some(Param { name: self.0.get(start..end)?, raw_value });
            }
            at = next_semicolon(bytes, start)?;
        }
    }

    /// The value of the first of this name without quotes (escapes left in); empty for a flag.
    pub fn get(self, name: &str) -> Option<&'a str> {
        self.find(name).map(|param| param.value())
    }

    /// The value of the first of this name with quotes and escapes resolved.
    pub fn text(self, name: &str) -> Option<Cow<'a, str>> {
        self.find(name).map(|param| param.unescaped())
    }

    /// Whether there is one of this name.
    pub fn has(self, name: &str) -> bool {
        self.find(name).is_some()
    }
}

impl fmt::Debug for Params<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl<'a> IntoIterator for Params<'a> {
    type Item = Param<'a>;
    type IntoIter = ParamIter<'a>;

    fn into_iter(self) -> ParamIter<'a> {
        self.iter()
    }
}

/// Iterates over [`Params`]. A URI's parameter with junk in it is passed over.
#[derive(Clone, Debug)]
pub struct ParamIter<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for ParamIter<'a> {
    type Item = Param<'a>;

    fn next(&mut self) -> Option<Param<'a>> {
        let bytes = self.text.as_bytes();
        loop {
            let start = skip_lws(bytes, self.at);
            if bytes.get(start) != Some(&b';') {
                return None;
            }
            let name_start = skip_lws(bytes, start + 1);
            let name_end = skip_name(bytes, name_start);
            let value = value_range(bytes, name_end);
            let end = value.as_ref().map_or_else(|| skip_lws(bytes, name_end), |value| value.end);
            let raw_value = value.and_then(|value| self.text.get(value));
            if end <= self.at {
                return None;
            }
            let behind = skip_lws(bytes, end);
            let junk = !matches!(bytes.get(behind), None | Some(b';'));
            self.at = if junk { next_semicolon(bytes, behind).unwrap_or(bytes.len()) } else { end };
            if name_end > name_start && !junk {
                return Some(Param { name: self.text.get(name_start..name_end)?, raw_value });
            }
        }
    }
}

/// Whether a name ends before this byte.
#[inline]
const fn is_name_end(byte: Option<&u8>) -> bool {
    matches!(byte, None | Some(b'=' | b';' | b' ' | b'\t' | b'\r' | b'\n'))
}

/// The next semicolon outside quotes.
#[inline]
fn next_semicolon(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at = skip_in_param(bytes, at);
        if *bytes.get(at)? == b';' {
            return Some(at);
        }
        at = quoted_end(bytes, at).ok()? + 1;
    }
}

/// One `;name[=value]` with the white space behind it.
#[inline]
fn scan_param<const EMPTY: bool>(bytes: &[u8], at: usize) -> Result<usize, Malformed> {
    let name_start = skip_lws(bytes, at + 1);
    let name_end = skip_name(bytes, name_start);
    if !EMPTY && name_start == name_end {
        return Err(Malformed("parameters"));
    }
    let at = skip_lws(bytes, name_end);
    if bytes.get(at) != Some(&b'=') || name_start == name_end {
        return Ok(at);
    }
    let end = value_end(bytes, skip_lws(bytes, at + 1))?;
    Ok(skip_lws(bytes, end))
}

/// Names are tokens; URI parameters may also bear `[ ] / : & $`.
#[inline]
fn skip_name(bytes: &[u8], at: usize) -> usize {
    let mut end = skip_token(bytes, at);
    while let Some(b'[' | b']' | b'/' | b':' | b'&' | b'$' | b'(' | b')') = bytes.get(end) {
        end = skip_token(bytes, end + 1);
    }
    end
}

/// Where the value lies of a parameter whose name ends here; `None` for a flag.
#[inline]
fn value_range(bytes: &[u8], name_end: usize) -> Option<Range<usize>> {
    let equals = skip_lws(bytes, name_end);
    if bytes.get(equals) != Some(&b'=') {
        return None;
    }
    let start = skip_lws(bytes, equals + 1);
    Some(start..value_end(bytes, start).unwrap_or(bytes.len()))
}

#[inline]
fn value_end(bytes: &[u8], at: usize) -> Result<usize, Malformed> {
    if bytes.get(at) == Some(&b'"') { Ok(quoted_end(bytes, at)? + 1) } else { Ok(skip_param_value(bytes, at)) }
}

/// Resolves `\x` to `x` and unfolds.
pub(crate) fn unescape(text: &str) -> Cow<'_, str> {
    if memchr::memchr3(b'\\', b'\r', b'\n', text.as_bytes()).is_none() {
        return text.into();
    }
    let unfolded = super::scan::unfold(text);
    let mut plain = String::with_capacity(unfolded.len());
    let mut characters = unfolded.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.extend(characters.next()),
            other => plain.push(other),
        }
    }
    plain.into()
}

/// Writes a quoted string (RFC 3261 §25.1): quotes and backslashes escaped, control characters left out.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in trim(text).chars().filter(|character| !character.is_control()) {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(text: &str) -> Params<'_> {
        Params::scan(text, 0).unwrap().0
    }

    #[test]
    fn flag_token_and_quoted_values_are_read() {
        let params = params(r#" ; lr ;Tag = 8\ ; +sip.instance="<urn:uuid:a;b>";q="a\"b""#);
        assert!(params.has("LR"));
        assert_eq!(params.get("tag"), Some(r"8\"));
        assert_eq!(params.get("+sip.instance"), Some("<urn:uuid:a;b>"));
        assert_eq!(params.text("q").unwrap(), "a\"b");
        assert_eq!(params.get("absent"), None);
    }

    #[test]
    fn scanning_stops_at_a_comma_outside_quotes() {
        let (params, end) = Params::scan(r#";a="x,y", <sip:b@c>"#, 0).unwrap();
        assert_eq!(params.get("a"), Some("x,y"));
        assert_eq!(end, 8);
    }

    #[test]
    fn junk_behind_a_parameter_is_refused() {
        assert!(Params::scan(";a=b c", 0).is_err());
        assert!(Params::scan(r#";a="b"#, 0).is_err());
    }

    #[test]
    fn quoting_resists_injection() {
        assert_eq!(quote("a\"b\\c\r\nVia: x"), r#""a\"b\\cVia: x""#);
    }

    #[test]
    fn empty_parameters_are_passed_over() {
        assert_eq!(params(";;a;").iter().count(), 1);
    }
}
