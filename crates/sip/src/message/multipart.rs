use super::scan::{is_lws, is_token_byte, skip_lws, trim, trim_bytes};
use super::{HeaderName, MediaType};

/// One part of a multipart body (RFC 2046 §5.1).
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    head: &'a [u8],
    /// The type; `None` where it is missing or malformed, which means `text/plain`.
    pub content_type: Option<MediaType<'a>>,
    /// The content.
    pub body: &'a [u8],
}

impl<'a> Part<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let (head, body) = split_head(bytes);
        let part = Self { head, content_type: None, body };
        let content_type = part.text(HeaderName::ContentType).and_then(|text| MediaType::parse(text).ok());
        Self { content_type, ..part }
    }

    /// The value of one of the part's own header fields, e.g. Content-ID or Content-Disposition.
    pub fn text(&self, name: HeaderName<'_>) -> Option<&'a str> {
        let mut at = 0;
        while at < self.head.len() {
            let mut end = line_end(self.head, at);
            while let Some(b' ' | b'\t') = self.head.get(end) {
                end = line_end(self.head, end);
            }
            let line = self.head.get(at..end)?;
            at = end;
            let Some(colon) = memchr::memchr(b':', line) else { continue };
            let found = str::from_utf8(trim_bytes(line.get(..colon)?)).ok().and_then(HeaderName::new);
            if found == Some(name) {
                return str::from_utf8(line.get(colon + 1..)?).ok().map(trim);
            }
        }
        None
    }

    /// The parts of this part, where it is multipart itself.
    pub fn parts(&self) -> Parts<'a> {
        Parts::of(self.content_type, self.body)
    }
}

/// Iterates over the parts of a body.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    state: State<'a>,
}

#[derive(Clone, Debug)]
enum State<'a> {
    /// No multipart: the whole body is the one part.
    Single(Part<'a>),
    /// The rest starts behind a delimiter line.
    Between {
        rest: &'a [u8],
        boundary: &'a str,
    },
    Done,
}

impl<'a> Parts<'a> {
    pub(super) fn of(content_type: Option<MediaType<'a>>, body: &'a [u8]) -> Self {
        let multipart = content_type.filter(|found| found.kind.eq_ignore_ascii_case("multipart"));
        let boundary = multipart.and_then(|found| found.params.get("boundary")).filter(|found| !found.is_empty());
        let state = match (multipart, boundary) {
            (Some(_), Some(boundary)) => match delimiter(body, 0, boundary) {
                Some(Delimiter { next, last: false, .. }) => {
                    State::Between { rest: body.get(next..).unwrap_or_default(), boundary }
                }
                _ => State::Done,
            },
            (Some(_), None) => State::Done,
            (None, _) if body.is_empty() => State::Done,
            (None, _) => State::Single(Part { head: &[], content_type, body }),
        };
        Self { state }
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Done => None,
            State::Single(part) => Some(part),
            State::Between { rest, boundary } => {
                let Some(end) = delimiter(rest, 0, boundary) else {
                    // The closing delimiter is missing: what is there is the last part.
                    return (!rest.is_empty()).then(|| Part::new(rest));
                };
                if !end.last {
                    self.state = State::Between { rest: rest.get(end.next..).unwrap_or_default(), boundary };
                }
                Some(Part::new(rest.get(..end.start).unwrap_or_default()))
            }
        }
    }
}

struct Delimiter {
    /// The end of what stands before, without the line end that belongs to the delimiter.
    start: usize,
    /// The start of the next line.
    next: usize,
    /// `--boundary--`
    last: bool,
}

/// The next line that is `--boundary`, with white space behind it at most.
fn delimiter(body: &[u8], from: usize, boundary: &str) -> Option<Delimiter> {
    let mut at = from;
    loop {
        let line_start = at;
        let next = line_end(body, line_start);
        if let Some(rest) = body.get(line_start..next)?.strip_prefix(b"--")
            && let Some(rest) = rest.strip_prefix(boundary.as_bytes())
        {
            let last = rest.starts_with(b"--");
            let behind = if last { rest.get(2..)? } else { rest };
            if behind.iter().all(|byte| is_lws(*byte)) {
                return Some(Delimiter { start: without_line_end(body, line_start), next, last });
            }
        }
        if next >= body.len() {
            return None;
        }
        at = next;
    }
}

fn without_line_end(body: &[u8], end: usize) -> usize {
    match body.get(..end) {
        Some([.., b'\r', b'\n']) => end - 2,
        Some([.., b'\n']) => end - 1,
        _ => end,
    }
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes.get(at..).and_then(|rest| memchr::memchr(b'\n', rest)).map_or(bytes.len(), |offset| at + offset + 1)
}

/// Header fields, an empty line, content. A part may have no header field at all.
fn split_head(bytes: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    while at < bytes.len() {
        let next = line_end(bytes, at);
        let line = bytes.get(at..next).unwrap_or_default();
        if trim_bytes(line).is_empty() {
            return (bytes.get(..at).unwrap_or_default(), bytes.get(next..).unwrap_or_default());
        }
        let name_end = line.iter().position(|byte| !is_token_byte(*byte)).unwrap_or(line.len());
        let folded = at > 0 && matches!(line.first(), Some(b' ' | b'\t'));
        if !folded && line.get(skip_lws(line, name_end)) != Some(&b':') {
            // The empty line is missing.
            return (bytes.get(..at).unwrap_or_default(), bytes.get(at..).unwrap_or_default());
        }
        at = next;
    }
    (bytes, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &'static str) -> Vec<Part<'static>> {
        let content_type = MediaType::parse(r#"multipart/mixed;boundary="7a9""#).unwrap();
        Parts::of(Some(content_type), text.as_bytes()).collect()
    }

    #[test]
    fn parts_keep_everything_but_the_delimiter_and_its_line_end() {
        let parts = parts(
            "preamble\r\n--7a9\r\nContent-Type: text/plain\r\nContent-ID: <1>\r\n\r\na\r\n\r\n--7a9 \r\n\r\n--7a99\r\n--7a9--\r\nx",
        );
        assert_eq!(parts.len(), 2);
        assert!(parts[0].content_type.unwrap().is("text/plain"));
        assert_eq!(parts[0].text(HeaderName::ContentId), Some("<1>"));
        assert_eq!(parts[0].body, b"a\r\n");
        assert!(parts[1].content_type.is_none());
        assert_eq!(parts[1].body, b"--7a99");
    }

    #[test]
    fn missing_closing_delimiter_gives_the_rest_as_last_part() {
        let parts = parts("--7a9\n\nrest");
        assert_eq!(parts.len(), 1);
        assert_eq!(parts[0].body, b"rest");
    }

    #[test]
    fn body_without_any_delimiter_has_no_parts() {
        assert!(parts("nothing here").is_empty());
    }
}
