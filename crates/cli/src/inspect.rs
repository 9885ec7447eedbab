//! `bellbird inspect`: what a SIP message says, or the verdict that refuses it.

use std::io::{self, Read as _, Write};
use std::path::Path;

use anyhow::Context as _;
use bellbird_sip::message::{Capabilities, HeaderName, Message, Method, Refusal, StartLine};
use bellbird_sip::uri::Scheme;
use serde::Serialize;

/// Longer than any message that is accepted.
const MOST: u64 = 2 * 1024 * 1024;

/// One message, explained.
#[derive(Debug, Serialize)]
struct Explanation<'a> {
    verdict: Verdict,
    kind: &'static str,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    fields: Vec<Field<'a>>,
    body_bytes: usize,
    parts: Vec<Part>,
}

#[derive(Debug, Serialize)]
struct Verdict {
    accepted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Whether the sender is told, or the bytes are dropped.
    answered: bool,
}

#[derive(Debug, Serialize)]
struct Field<'a> {
    name: &'a str,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    means: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Part {
    content_type: String,
    bytes: usize,
}

/// Explains the message in `file` on standard output. `Ok(false)`: it is refused.
pub(crate) fn run(file: &Path, json: bool) -> anyhow::Result<bool> {
    let bytes = read(file)?;
    let mut out = io::stdout().lock();
    let message = match Message::parse(&bytes) {
        Ok(message) => message,
        Err(refusal) => {
            let verdict = Verdict::of(&refusal);
            if json {
                writeln!(out, "{}", serde_json::json!({ "verdict": verdict }))?;
            } else {
                write_verdict(&mut out, &verdict)?;
            }
            return Ok(false);
        }
    };
    let explanation = explain(&message);
    if json {
        writeln!(out, "{}", serde_json::to_string(&explanation)?)?;
    } else {
        write_text(&mut out, &explanation)?;
    }
    Ok(explanation.verdict.accepted)
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        io::stdin().take(MOST).read_to_end(&mut bytes).context("standard input can't be read")?;
    } else {
        let opened = std::fs::File::open(file).with_context(|| format!("{} can't be read", file.display()))?;
        opened.take(MOST).read_to_end(&mut bytes)?;
    }
    // A file that an editor saved may have bare line feeds; on the wire they are CRLF.
    if !bytes.windows(2).any(|pair| pair == b"\r\n") {
        let text = bytes.iter().flat_map(|&byte| if byte == b'\n' { vec![b'\r', b'\n'] } else { vec![byte] });
        return Ok(text.collect());
    }
    Ok(bytes)
}

fn explain<'a>(message: &'a Message<'a>) -> Explanation<'a> {
    let verdict = match phone().check(message) {
        Ok(()) => Verdict { accepted: true, status: None, reason: None, answered: true },
        Err(refusal) => Verdict::of(&refusal),
    };
    let (kind, uri, status) = match message.start() {
        StartLine::Request { uri, .. } => ("request", Some(uri.to_string()), None),
        StartLine::Response { status, .. } => ("response", None, Some(status.code())),
    };
    Explanation {
        verdict,
        kind,
        method: message.method().as_str(),
        uri,
        status,
        fields: message.fields().map(|(name, value)| field(name, value)).collect(),
        body_bytes: message.body().len(),
        parts: parts(message),
    }
}

fn parts(message: &Message<'_>) -> Vec<Part> {
    if message.body().is_empty() {
        return Vec::new();
    }
    let content_type = |part: &bellbird_sip::message::Part<'_>| {
        part.content_type
            .as_ref()
            .map_or_else(|| "not said".to_owned(), |found| format!("{}/{}", found.kind, found.subtype))
    };
    message.parts().map(|part| Part { content_type: content_type(&part), bytes: part.body.len() }).collect()
}

fn field<'a>(name: &'a [u8], value: &[u8]) -> Field<'a> {
    let written = str::from_utf8(name).unwrap_or("(not text)");
    let known = HeaderName::new(written.trim());
    let value = String::from_utf8_lossy(value);
    Field {
        name: known.map_or(written, HeaderName::as_str),
        value: value.split_whitespace().collect::<Vec<_>>().join(" "),
        means: known.and_then(meaning),
    }
}

/// What this phone takes, as a user agent server (RFC 3261 §8.2).
fn phone() -> Capabilities {
    use Method::{
        Ack, Bye, Cancel, Info, Invite, Message, Notify, Options, Prack, Publish, Refer, Register, Subscribe, Update,
    };
    Capabilities {
        methods: vec![
            Ack, Bye, Cancel, Info, Invite, Message, Notify, Options, Prack, Publish, Refer, Register, Subscribe,
            Update,
        ],
        schemes: vec![Scheme::Sip, Scheme::Sips, Scheme::Tel],
        extensions: ["100rel", "timer", "replaces", "path", "outbound", "gruu", "norefersub"].map(str::to_owned).into(),
        media_types: ["application/sdp", "message/sipfrag", "application/dtmf-relay", "application/dtmf", "text/plain"]
            .map(str::to_owned)
            .into(),
        opaque: Vec::new(),
    }
}

impl Verdict {
    fn of(refusal: &Refusal) -> Self {
        Self {
            accepted: false,
            status: Some(refusal.status.code()),
            reason: Some(refusal.fault.to_string()),
            answered: !refusal.is_silent(),
        }
    }
}

fn write_verdict(out: &mut impl Write, verdict: &Verdict) -> io::Result<()> {
    match (verdict.status, &verdict.reason) {
        (Some(status), Some(reason)) if verdict.answered => writeln!(out, "Refused: {status} {reason}"),
        (Some(status), Some(reason)) => {
            writeln!(out, "Refused: {status} {reason}. Nothing is sent back: the sender could not make use of it.")
        }
        _ => writeln!(out, "Accepted"),
    }
}

fn write_text(out: &mut impl Write, explanation: &Explanation<'_>) -> io::Result<()> {
    match (&explanation.uri, explanation.status) {
        (Some(uri), _) => writeln!(out, "Request {} to {uri}", explanation.method)?,
        (None, status) => writeln!(out, "Response {} to {}", status.unwrap_or_default(), explanation.method)?,
    }
    write_verdict(out, &explanation.verdict)?;
    for field in &explanation.fields {
        writeln!(out, "  {}: {}", field.name, field.value)?;
        if let Some(means) = field.means {
            writeln!(out, "      {means}")?;
        }
    }
    match explanation.parts.as_slice() {
        [] => writeln!(out, "No body"),
        parts => parts.iter().try_for_each(|part| writeln!(out, "Body: {}, {} bytes", part.content_type, part.bytes)),
    }
}

/// What a header field is for, in a line.
#[expect(clippy::wildcard_enum_match_arm, reason = "of all others the name says enough")]
const fn meaning(name: HeaderName<'_>) -> Option<&'static str> {
    Some(match name {
        HeaderName::Via => "one hop on the way; the response goes back along it (RFC 3261 §20.42)",
        HeaderName::From => "who began this; the tag is that side's half of the dialog (§20.20)",
        HeaderName::To => "whom it was meant for; a tag here makes it part of a dialog (§20.39)",
        HeaderName::CallId => "the same for all messages of one call or registration (§20.8)",
        HeaderName::CSeq => "numbers the requests of one side of a dialog (§20.16)",
        HeaderName::MaxForwards => "how many more servers may pass it on (§20.22)",
        HeaderName::Contact => "where to reach this side directly from now on (§20.10)",
        HeaderName::RecordRoute => "a server that wants to see the rest of the dialog (§20.30)",
        HeaderName::Route => "a server to pass on the way (§20.34)",
        HeaderName::Expires => "for how long, in seconds (§20.19)",
        HeaderName::WwwAuthenticate | HeaderName::ProxyAuthenticate => "a password is asked for (§22)",
        HeaderName::Authorization | HeaderName::ProxyAuthorization => "proof that the password is known (§22)",
        HeaderName::ContentType => "what the body is (§20.15)",
        HeaderName::ContentLength => "how long the body is, in bytes (§20.14)",
        HeaderName::Allow => "methods that this side understands (§20.5)",
        HeaderName::Supported => "extensions that this side can use (§20.37)",
        HeaderName::Require => "extensions that the other side has to know (§20.32)",
        HeaderName::UserAgent | HeaderName::Server => "the software that sent it",
        HeaderName::SessionExpires => "the call is over without a refresh in this time (RFC 4028)",
        HeaderName::ReferTo => "whom to call instead (RFC 3515)",
        HeaderName::Replaces => "the call that this one takes the place of (RFC 3891)",
        HeaderName::Reason => "why it was sent (RFC 3326)",
        HeaderName::PAssertedIdentity => "who it is, vouched for by a server (RFC 3325)",
        HeaderName::Event => "which news it is about (RFC 6665)",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: &[u8] = b"OPTIONS sip:a@b.example SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\
        f: <sip:c@d>;tag=1\r\nt: <sip:a@b.example>\r\ni: x\r\nCSeq: 1 OPTIONS\r\nl: 0\r\n\r\n";

    #[test]
    fn compact_forms_are_named_in_full() {
        let message = Message::parse(OPTIONS).unwrap();
        let explanation = explain(&message);
        assert!(explanation.verdict.accepted);
        assert_eq!(explanation.fields[0].name, "Via");
    }

    #[test]
    fn an_unknown_extension_is_refused_with_420() {
        let text = String::from_utf8(OPTIONS.to_vec()).unwrap().replace("l: 0", "Require: teleport");
        let message = Message::parse(text.as_bytes()).unwrap();
        assert_eq!(explain(&message).verdict.status, Some(420));
    }
}
