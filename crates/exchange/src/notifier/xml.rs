//! Reading and writing small XML documents.
//!
//! Reading is bounded and knows no DTD: a document with one is refused, so that no entity is ever expanded.

use quick_xml::Reader;
use quick_xml::events::Event;

/// The longest document that is read.
const MAX_BYTES: usize = 16 * 1024;
/// The most elements that are read.
const MAX_ELEMENTS: usize = 200;
/// The deepest nesting that is read.
const MAX_DEPTH: usize = 8;

/// Why a document is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// More bytes, elements or depth than anything we know has.
    #[error("too large")]
    TooLarge,
    /// It brings a DTD.
    #[error("document types are not read")]
    DocumentType,
    /// It is no XML.
    #[error("no XML")]
    Malformed,
}

/// An element: its local name, the text in it, its children.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Without prefix.
    pub name: String,
    /// Trimmed.
    pub text: String,
    /// In their order.
    pub children: Vec<Element>,
}

impl Element {
    /// The text of the first child of this name; names compare without regard to case.
    pub fn child(&self, name: &str) -> Option<&str> {
        let found = self.children.iter().find(|child| child.name.eq_ignore_ascii_case(name));
        found.map(|child| child.text.as_str())
    }

    /// This element and all below it.
    pub fn all(&self) -> Vec<&Self> {
        let below = self.children.iter().flat_map(Self::all);
        std::iter::once(self).chain(below).collect()
    }
}

/// Reads a document.
///
/// # Errors
/// Where it is too large, brings a DTD or is no XML.
pub fn read(bytes: &[u8]) -> Result<Element, Unreadable> {
    if bytes.len() > MAX_BYTES {
        return Err(Unreadable::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Unreadable::Malformed)?;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut count = 0;
    loop {
        match reader.read_event().map_err(|_| Unreadable::Malformed)? {
            Event::DocType(_) => return Err(Unreadable::DocumentType),
            Event::Start(start) => {
                count += 1;
                if count > MAX_ELEMENTS || open.len() >= MAX_DEPTH {
                    return Err(Unreadable::TooLarge);
                }
                open.push(Element { name: start.local_name().as_ref().to_owned(), ..Element::default() });
            }
            Event::Empty(start) => {
                count += 1;
                let element = Element { name: start.local_name().as_ref().to_owned(), ..Element::default() };
                match open.last_mut() {
                    Some(parent) if count <= MAX_ELEMENTS => parent.children.push(element),
                    Some(_) => return Err(Unreadable::TooLarge),
                    None => return Ok(element),
                }
            }
            Event::End(_) => {
                let Some(mut element) = open.pop() else { return Err(Unreadable::Malformed) };
                element.text = element.text.trim().to_owned();
                match open.last_mut() {
                    Some(parent) => parent.children.push(element),
                    None => return Ok(element),
                }
            }
            Event::Text(text) => add_text(&mut open, text.as_ref()),
            Event::CData(text) => add_text(&mut open, text.as_ref()),
            Event::GeneralRef(reference) => add_text(&mut open, resolved(reference.as_ref())),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => return Err(Unreadable::Malformed),
        }
    }
}

fn add_text(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// The five references that XML itself has; others stand for nothing.
fn resolved(reference: &str) -> &'static str {
    match reference {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => "",
    }
}

/// Text as it may stand in a document: control characters left out, the five references put in.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !c.is_control()) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_comments_and_references_are_read() {
        let read = read(b"<?xml version='1.0'?><!-- x --><c:A xmlns:c='u'><c:B> a &amp; b </c:B><C/></c:A>").unwrap();
        assert_eq!((read.name.as_str(), read.child("b")), ("A", Some("a & b")));
        assert_eq!(read.all().len(), 3);
    }

    #[test]
    fn a_document_type_is_refused_before_anything_is_expanded() {
        let bomb = b"<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;\">]><a>&c;</a>";
        assert_eq!(read(bomb), Err(Unreadable::DocumentType));
        assert_eq!(read(b"<a>&c;</a>").unwrap().text, "");
    }

    #[test]
    fn size_depth_and_number_are_bounded() {
        assert_eq!(read(&vec![b' '; MAX_BYTES + 1]), Err(Unreadable::TooLarge));
        assert_eq!(read("<a>".repeat(9).as_bytes()), Err(Unreadable::TooLarge));
        assert_eq!(read(format!("<a>{}</a>", "<b/>".repeat(200)).as_bytes()), Err(Unreadable::TooLarge));
        assert_eq!(read(b"<a><b></a>"), Err(Unreadable::Malformed));
        assert_eq!(read(b""), Err(Unreadable::Malformed));
    }

    #[test]
    fn names_can_not_break_out() {
        assert_eq!(escape("a\r\n<b>\"&'"), "a&lt;b&gt;&quot;&amp;&apos;");
    }
}
