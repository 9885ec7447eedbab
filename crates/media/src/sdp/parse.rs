use std::borrow::Cow;

use super::description::{Attribute, Connection, MediaDescription, Origin, SessionDescription};

/// What a description may not exceed: far beyond any phone's, and small enough that a hostile one costs nothing.
#[derive(Clone, Copy, Debug)]
pub struct Limits;

impl Limits {
    /// Bytes of the whole description.
    pub const BYTES: usize = 64 * 1024;
    /// Lines of the whole description.
    pub const LINES: usize = 2_048;
    /// `m=` lines.
    pub const MEDIA: usize = 32;
    /// Formats of one `m=` line.
    pub const FORMATS: usize = 128;
}

/// Why a text is no session description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// One of [`Limits`] is exceeded.
    #[error("the session description is too long")]
    TooLong,
    /// `v=` is there, and not 0.
    #[error("the session description is of an unknown version")]
    Version,
    /// Neither `v=` nor `m=`: this is something else.
    #[error("this is no session description")]
    NotSdp,
    /// The line with this number, from 1, can't be understood and can't be left out.
    #[error("line {0} of the session description is malformed")]
    Line(usize),
}

pub(super) fn session(text: &str) -> Result<SessionDescription<'_>, ParseError> {
    if text.len() > Limits::BYTES {
        return Err(ParseError::TooLong);
    }
    let mut description = SessionDescription::default();
    let mut versions = 0;
    for (index, line) in text.split(['\r', '\n']).filter(|line| !line.is_empty()).enumerate() {
        if index >= Limits::LINES {
            return Err(ParseError::TooLong);
        }
        let Some((letter, value)) = split(line) else { continue };
        if letter == 'v' {
            versions += 1;
        }
        self::line(&mut description, letter, value).map_err(|problem| problem.at(index + 1))?;
    }
    if versions == 0 && description.media.is_empty() {
        return Err(ParseError::NotSdp);
    }
    Ok(description)
}

enum Problem {
    Line,
    Whole(ParseError),
}

impl Problem {
    fn at(self, line: usize) -> ParseError {
        match self {
            Self::Line => ParseError::Line(line),
            Self::Whole(error) => error,
        }
    }
}

/// `x=value`; anything else is noise between lines.
fn split(line: &str) -> Option<(char, &str)> {
    let line = line.trim_start_matches([' ', '\t']);
    let mut characters = line.chars();
    let letter = characters.next().filter(char::is_ascii_alphabetic)?;
    let value = characters.as_str().strip_prefix('=')?;
    Some((letter.to_ascii_lowercase(), value.trim_end()))
}

fn line<'a>(description: &mut SessionDescription<'a>, letter: char, value: &'a str) -> Result<(), Problem> {
    let streams = description.media.len();
    match (letter, description.media.last_mut()) {
        ('v', None) if value.trim() != "0" => return Err(Problem::Whole(ParseError::Version)),
        ('v', _) => {}
        ('m', _) if streams >= Limits::MEDIA => return Err(Problem::Whole(ParseError::TooLong)),
        ('m', _) => description.media.push(media(value)?),
        ('o', None) => description.origin = origin(value),
        ('s', None) => description.name = if value.is_empty() { "-".into() } else { value.into() },
        ('c', None) => description.connection = connection(value),
        // A stream may have several `c=` for multicast layers: the first is the base.
        ('c', Some(media)) if media.connection.is_some() => {}
        ('c', Some(media)) => media.connection = connection(value),
        ('a', None) => description.attributes.extend(attribute(value)),
        ('a', Some(media)) => media.attributes.extend(attribute(value)),
        (_, None) => description.other.push((letter, value.into())),
        (_, Some(media)) => media.other.push((letter, value.into())),
    }
    Ok(())
}

fn origin(value: &str) -> Option<Origin<'_>> {
    let mut words = value.split_ascii_whitespace();
    let (username, session_id, version) = (words.next()?, words.next()?, words.next()?);
    let (_network, address_type, address) = (words.next()?, words.next()?, words.next()?);
    let address = Connection { address_type: address_type.into(), address: address.into() };
    Some(Origin { username: username.into(), session_id: session_id.into(), version: version.into(), address })
}

fn connection(value: &str) -> Option<Connection<'_>> {
    let mut words = value.split_ascii_whitespace();
    let (network, address_type, address) = (words.next()?, words.next()?, words.next()?);
    let known = network.eq_ignore_ascii_case("IN");
    known.then(|| Connection { address_type: address_type.into(), address: address.into() })
}

fn media(value: &str) -> Result<MediaDescription<'_>, Problem> {
    let mut words = value.split_ascii_whitespace();
    let (kind, ports, protocol) = match (words.next(), words.next(), words.next()) {
        (Some(kind), Some(ports), Some(protocol)) => (kind, ports, protocol),
        _ => return Err(Problem::Line),
    };
    let (port, count) = ports.split_once('/').map_or((ports, None), |(port, count)| (port, Some(count)));
    let formats: Vec<Cow<'_, str>> = words.map(Cow::from).take(Limits::FORMATS + 1).collect();
    if formats.len() > Limits::FORMATS {
        return Err(Problem::Whole(ParseError::TooLong));
    }
    Ok(MediaDescription {
        kind: kind.into(),
        port: port.parse().map_err(|_| Problem::Line)?,
        port_count: count.and_then(|count| count.parse().ok()),
        protocol: protocol.into(),
        formats,
        ..MediaDescription::default()
    })
}

fn attribute(value: &str) -> Option<Attribute<'_>> {
    let attribute = match value.split_once(':') {
        Some((name, value)) => Attribute::new(name.trim(), value.trim()),
        None => Attribute::flag(value.trim()),
    };
    (!attribute.name.is_empty()).then_some(attribute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_line_feeds_missing_lines_and_noise_do_no_harm() {
        let description = SessionDescription::parse("v=0\n\nnoise\nm=audio 4000 RTP/AVP 0\na=\na=ptime:20 \n").unwrap();
        assert_eq!(description.media[0].ptime(), Some(20));
        assert_eq!(description.media[0].attributes.len(), 1);
    }

    #[test]
    fn text_that_is_no_description_is_named_so() {
        assert_eq!(SessionDescription::parse(""), Err(ParseError::NotSdp));
        assert_eq!(SessionDescription::parse("<html>"), Err(ParseError::NotSdp));
        assert_eq!(SessionDescription::parse("v=1\r\n"), Err(ParseError::Version));
    }

    #[test]
    fn malformed_media_line_is_named_by_its_number() {
        assert_eq!(SessionDescription::parse("v=0\r\nm=audio\r\n"), Err(ParseError::Line(2)));
        assert_eq!(SessionDescription::parse("v=0\r\nm=audio 99999 RTP/AVP 0\r\n"), Err(ParseError::Line(2)));
    }

    #[test]
    fn every_bound_refuses() {
        let long = format!("v=0\r\ni={}", "x".repeat(Limits::BYTES));
        let lines = format!("v=0\r\n{}", "i=\r\n".repeat(Limits::LINES));
        let media = format!("v=0\r\n{}", "m=audio 0 RTP/AVP 0\r\n".repeat(Limits::MEDIA + 1));
        let formats = format!("v=0\r\nm=audio 0 RTP/AVP{}\r\n", " 0".repeat(Limits::FORMATS + 1));
        for text in [long, lines, media, formats] {
            assert_eq!(SessionDescription::parse(&text), Err(ParseError::TooLong));
        }
    }

    #[test]
    fn unknown_lines_are_kept() {
        let text = "v=0\r\ns=-\r\nt=0 0\r\nx=1\r\nm=audio 4000 RTP/AVP 0\r\nq=2\r\n";
        assert_eq!(SessionDescription::parse(text).unwrap().to_string(), text);
    }
}
