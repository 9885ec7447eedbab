//! Byte classes and the few scanning steps that all header grammars share (RFC 3261 §25.1).

use super::Malformed;

const TOKEN: u16 = 1;
const WORD: u16 = 2;
const HOST: u16 = 4;
const LWS: u16 = 8;
const PARAM_VALUE: u16 = 16;
const URI_PART: u16 = 32;
const USER: u16 = 64;
const URI_PARAM: u16 = 128;
const USER_NAME: u16 = 256;
const IN_PARAM: u16 = 512;
const BARE_VALUE: u16 = 1024;

static CLASSES: [u16; 256] = {
    let mut classes = [0_u16; 256];
    let mut i = 0;
    while i < 256 {
        let byte = i as u8;
        let mut class = 0;
        if byte.is_ascii_alphanumeric() || contains(b"-.!%*_+`'~", byte) {
            class |= TOKEN | WORD;
        }
        // With the "@" between the words of a Call-ID.
        if contains(b"()<>:\\\"/[]?{}@", byte) {
            class |= WORD;
        }
        // The underscore is no host character, but Windows machines and containers bear it.
        if byte.is_ascii_alphanumeric() || contains(b"-._", byte) {
            class |= HOST;
        }
        if contains(b" \t\r\n", byte) {
            class |= LWS;
        }
        if byte > b' ' && byte != 0x7f && !contains(b";,\"", byte) {
            class |= PARAM_VALUE;
        }
        if byte > b' ' && byte != 0x7f && !contains(b"<>\"", byte) {
            class |= URI_PART;
        }
        if class & URI_PART != 0 && !contains(b"@%", byte) {
            class |= USER;
        }
        if class & USER != 0 && byte != b':' {
            class |= USER_NAME;
        }
        if class & URI_PART != 0 && !contains(b"?%", byte) {
            class |= URI_PARAM;
        }
        if !contains(b";\"", byte) {
            class |= IN_PARAM;
        }
        if !contains(b", \t\r\n", byte) {
            class |= BARE_VALUE;
        }
        classes[i] = class;
        i += 1;
    }
    classes
};

const fn contains(set: &[u8], byte: u8) -> bool {
    let mut i = 0;
    while i < set.len() {
        if set[i] == byte {
            return true;
        }
        i += 1;
    }
    false
}

#[inline]
const fn is(byte: u8, class: u16) -> bool {
    CLASSES[byte as usize] & class != 0
}

#[inline]
pub(crate) const fn is_token_byte(byte: u8) -> bool {
    is(byte, TOKEN)
}

/// Space, tab, and the line ends inside a folded header.
#[inline]
pub(crate) const fn is_lws(byte: u8) -> bool {
    is(byte, LWS)
}

#[inline]
pub(crate) const fn is_uri_byte(byte: u8) -> bool {
    is(byte, URI_PART)
}

pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

/// Whether this is a Call-ID: word [ "@" word ]; the position and the number of "@" are not insisted on.
pub(crate) fn is_call_id(text: &str) -> bool {
    !text.is_empty() && skip(text.as_bytes(), 0, WORD) == text.len()
}

/// The position of the first byte from `at` on that is not of this class. Eight bytes a round: the compiler unrolls
/// them, and their bounds are checked once.
#[inline]
fn skip(bytes: &[u8], at: usize, class: u16) -> usize {
    let Some(mut rest) = bytes.get(at..) else { return at };
    while let Some((chunk, behind)) = rest.split_first_chunk::<8>() {
        for (i, &byte) in chunk.iter().enumerate() {
            if !is(byte, class) {
                return bytes.len() - rest.len() + i;
            }
        }
        rest = behind;
    }
    let length = rest.iter().position(|byte| !is(*byte, class)).unwrap_or(rest.len());
    bytes.len() - rest.len() + length
}

/// The position of the next LF. Lines are some dozens of bytes long: for so few, memchr's choice of a vector unit costs
/// more than its search. Sixteen comparisons in a row become one instruction on any machine with vectors.
#[inline]
pub(crate) fn find_line_feed(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    while let Some((chunk, behind)) = rest.split_first_chunk::<16>() {
        if chunk.iter().fold(false, |found, byte| found | (*byte == b'\n')) {
            let (low, high) = (first_line_feed(chunk.first_chunk()), first_line_feed(chunk.last_chunk()));
            return Some(bytes.len() - rest.len() + low.unwrap_or_else(|| 8 + high.unwrap_or_default()));
        }
        rest = behind;
    }
    rest.iter().position(|byte| *byte == b'\n').map(|length| bytes.len() - rest.len() + length)
}

/// The same in eight bytes at once: of those that equal LF the lowest one's top bit is the lowest that gets set.
#[inline]
fn first_line_feed(word: Option<&[u8; 8]>) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let difference = u64::from_le_bytes(*word?) ^ (ONES * b'\n' as u64);
    let found = difference.wrapping_sub(ONES) & !difference & (ONES << 7);
    (found != 0).then_some(found.trailing_zeros() as usize / 8)
}

/// Byte by byte: there is mostly none, or one.
#[inline]
pub(crate) fn skip_lws(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|byte| is_lws(*byte)) {
        at += 1;
    }
    at
}

#[inline]
pub(crate) fn skip_token(bytes: &[u8], at: usize) -> usize {
    skip(bytes, at, TOKEN)
}

#[inline]
pub(crate) fn skip_host(bytes: &[u8], at: usize) -> usize {
    skip(bytes, at, HOST)
}

#[inline]
pub(crate) fn skip_param_value(bytes: &[u8], at: usize) -> usize {
    skip(bytes, at, PARAM_VALUE)
}

/// The position of the next semicolon or quote, or the end.
#[inline]
pub(crate) fn skip_in_param(bytes: &[u8], at: usize) -> usize {
    skip(bytes, at, IN_PARAM)
}

/// The position of the next comma or white space, or the end.
#[inline]
pub(crate) fn skip_bare_value(bytes: &[u8], at: usize) -> usize {
    skip(bytes, at, BARE_VALUE)
}

#[inline]
pub(crate) fn skip_digits(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len())
}

/// The position of the first byte from `at` on that a URI's user part may not hold as it is, or that has a meaning
/// there: `@`, `%`, or illegal.
#[inline]
pub(crate) fn skip_plain_user(bytes: &[u8], at: usize) -> usize {
    skip(bytes, at, USER)
}

/// The same, but it stops at the colon before a password too.
#[inline]
pub(crate) fn skip_plain_user_name(bytes: &[u8], at: usize) -> usize {
    skip(bytes, at, USER_NAME)
}

/// The same for a URI's parameters: `?`, `%`, or illegal.
#[inline]
pub(crate) fn skip_plain_params(bytes: &[u8], at: usize) -> usize {
    skip(bytes, at, URI_PARAM)
}

/// Removes white space and folds from both ends.
#[inline]
pub(crate) fn trim(text: &str) -> &str {
    let bytes = text.as_bytes();
    let start = skip_lws(bytes, 0);
    let mut end = bytes.len();
    while end > start && bytes.get(end - 1).is_some_and(|byte| is_lws(*byte)) {
        end -= 1;
    }
    text.get(start..end).unwrap_or_default()
}

/// Removes white space and folds from both ends.
#[inline]
pub(crate) fn trim_bytes(bytes: &[u8]) -> &[u8] {
    trim_end(trim_start(bytes))
}

#[inline]
pub(crate) fn trim_start(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes
        && is_lws(*first)
    {
        bytes = rest;
    }
    bytes
}

#[inline]
pub(crate) fn trim_end(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., last] = bytes
        && is_lws(*last)
    {
        bytes = rest;
    }
    bytes
}

/// `at` is the opening quote; gives the position of the closing one. A backslash takes the next byte along.
pub(crate) fn quoted_end(bytes: &[u8], at: usize) -> Result<usize, Malformed> {
    let mut at = at + 1;
    while let Some(rest) = bytes.get(at..) {
        let offset = memchr::memchr2(b'"', b'\\', rest).ok_or(Malformed("quoted string"))?;
        at += offset;
        if bytes.get(at) == Some(&b'"') {
            return Ok(at);
        }
        at += 2;
    }
    Err(Malformed("quoted string"))
}

/// The position of the next comma outside quotes and angle brackets, or the end.
pub(crate) fn list_item_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(offset) = bytes.get(at..).and_then(|rest| memchr::memchr3(b',', b'"', b'<', rest)) {
        at += offset;
        match bytes.get(at) {
            Some(b'"') => match quoted_end(bytes, at) {
                Ok(end) => at = end + 1,
                Err(_) => return bytes.len(),
            },
            Some(b'<') => match bytes.get(at..).and_then(|rest| memchr::memchr(b'>', rest)) {
                Some(offset) => at += offset + 1,
                None => return bytes.len(),
            },
            _ => return at,
        }
    }
    bytes.len()
}

/// A decimal number that saturates: RFC 4475 §3.1.2.4 sends numbers that no register holds.
#[inline]
pub(crate) fn saturating_number(digits: &str) -> Option<u64> {
    /// So many digits fit for certain.
    const FITTING: usize = 19;
    if digits.is_empty() || digits.len() > FITTING {
        return long_number(digits);
    }
    let mut number = 0_u64;
    for byte in digits.bytes() {
        number = number * 10 + u64::from(digit(byte)?);
    }
    Some(number)
}

#[cold]
fn long_number(digits: &str) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.bytes().try_fold(0_u64, |number, byte| Some(number.saturating_mul(10).saturating_add(digit(byte)?.into())))
}

#[inline]
fn digit(byte: u8) -> Option<u8> {
    let value = byte.wrapping_sub(b'0');
    (value < 10).then_some(value)
}

/// Whether two names are the same without regard to case. Names are mostly written as we know them, which a few words
/// tell; for so few bytes a call of memcmp costs more than it compares.
#[inline]
pub(crate) fn same_name(known: &[u8], name: &[u8]) -> bool {
    known.len() == name.len() && (same_bytes(known, name) || known.eq_ignore_ascii_case(name))
}

/// Compares up to 16 bytes by their first and last words, which may overlap; `false` says nothing of other lengths.
#[inline]
fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    match a.len() {
        4..8 => a.first_chunk::<4>() == b.first_chunk() && a.last_chunk::<4>() == b.last_chunk(),
        8..=16 => a.first_chunk::<8>() == b.first_chunk() && a.last_chunk::<8>() == b.last_chunk(),
        _ => false,
    }
}

/// Replaces each fold (line end and the white space around it) by one space.
pub(crate) fn unfold(text: &str) -> std::borrow::Cow<'_, str> {
    if memchr::memchr2(b'\r', b'\n', text.as_bytes()).is_none() {
        return text.into();
    }
    let lines: Vec<&str> = text.split(['\r', '\n']).map(trim).filter(|line| !line.is_empty()).collect();
    lines.join(" ").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_string_ends_at_the_unescaped_quote() {
        assert_eq!(quoted_end(br#""a\"b\\" x"#, 0), Ok(7));
        assert!(quoted_end(br#""abc\""#, 0).is_err());
    }

    #[test]
    fn comma_inside_quotes_or_brackets_does_not_split() {
        assert_eq!(list_item_end(br#""a,b" <sip:c,d@e>;f="g,h", next"#, 0), 25);
    }

    #[test]
    fn line_feed_is_found_wherever_it_stands() {
        for length in 0..50 {
            for at in 0..length {
                // 0x0b is what a borrow in the word arithmetic would take for another LF.
                let mut text = vec![0x0b; length];
                assert_eq!(find_line_feed(&text), None);
                text[at..].fill(b'\n');
                assert_eq!(find_line_feed(&text), Some(at));
            }
        }
    }

    #[test]
    fn bytes_of_a_class_are_skipped_to_the_first_other_one() {
        for length in 0..30 {
            let mut text = vec![b'a'; length];
            assert_eq!(skip_token(&text, 0), length);
            for at in (0..length).rev() {
                text[at] = b' ';
                assert_eq!(skip_token(&text, 0), at);
            }
        }
        assert_eq!(skip_token(b"a", 5), 5);
    }

    #[test]
    fn names_of_any_length_compare_without_case() {
        let name = b"Content-Transfer-Encoding";
        for length in 1..=name.len() {
            let name = &name[..length];
            assert!(same_name(name, name));
            assert!(same_name(name, &name.to_ascii_uppercase()));
            for at in 0..length {
                let mut other = name.to_vec();
                other[at] = b'!';
                assert!(!same_name(name, &other));
            }
        }
    }

    #[test]
    fn longest_number_that_fits_is_exact() {
        assert_eq!(saturating_number("9999999999999999999"), Some(9_999_999_999_999_999_999));
        assert_eq!(saturating_number("18446744073709551615"), Some(u64::MAX));
        assert_eq!(saturating_number(""), None);
    }

    #[test]
    fn huge_number_saturates() {
        assert_eq!(saturating_number("36893488147419103232"), Some(u64::MAX));
        assert_eq!(saturating_number("1x"), None);
    }
}
