//! What the fuzz targets check, as plain functions, so that their corpus replays on a stable compiler. Not for use.

use crate::digest::{Challenge, Credentials};
use crate::framing::{Frame, StreamFramer};
use crate::message::{Fields, HeaderName, Message, Request, Response};
use crate::uri::{Uri, UriRef};

/// A whole message: whatever is read can be looked at without a panic, and reads the same when it is sent on.
pub fn message(bytes: &[u8]) {
    match Message::parse(bytes) {
        Ok(message) => {
            read_everything(&message);
            check_stable(&message);
        }
        Err(refusal) => {
            if let Some(response) = refusal.response("tag") {
                let _ = Message::parse(&response.to_bytes());
            }
        }
    }
}

/// A stream: the frames do not depend on how the stream is cut into pieces.
pub fn stream(bytes: &[u8]) {
    let Some((&cut, stream)) = bytes.split_first() else { return };
    let whole = frames(stream.chunks(stream.len().max(1)));
    let pieces = frames(stream.chunks(usize::from(cut).max(1)));
    // A ping that comes in two pieces shows as a pong first; messages and errors are the same.
    assert_eq!(whole, pieces, "framing depends on how the stream was cut");
}

/// A URI: what is read can be changed and compared, and is the same as itself.
pub fn uri(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(uri) = UriRef::parse(text) else { return };
    assert!(uri.same(&uri), "a URI differs from itself");
    let owned = uri.to_owned();
    let _ =
        (uri.user_text(), uri.host().and_then(|host| host.ip()), uri.header("Replaces"), uri.params().iter().count());
    for changed in
        [owned.with_param("x", Some("a b;c")), owned.bare(), owned.without_headers(), owned.without_param("lr")]
    {
        if uri.scheme().is_sip() {
            assert!(Uri::parse(changed.as_str()).is_ok(), "a changed URI does not parse");
        }
    }
}

fn frames<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, bool) {
    let mut framer = StreamFramer::new();
    let mut messages = Vec::new();
    for piece in pieces {
        framer.push(piece);
        loop {
            match framer.next_frame() {
                Ok(Some(Frame::Message(message))) => messages.push(message.to_vec()),
                Ok(Some(Frame::Ping | Frame::Pong)) => {}
                Ok(None) => break,
                Err(_) => return (messages, true),
            }
        }
    }
    (messages, false)
}

fn read_everything(message: &Message<'_>) {
    for name in [HeaderName::Contact, HeaderName::Route, HeaderName::RecordRoute, HeaderName::ReferTo] {
        for address in message.addresses(name).flatten() {
            let _ = (address.display_name(), address.to_owned().to_string());
        }
    }
    let _ = (message.contacts().count(), message.vias().count(), message.date(), message.content_type());
    let _ = (message.event(), message.subscription_state(), message.replaces(), message.rack(), message.rseq());
    let _ = (message.session_expires(), message.retry_after(), message.max_forwards(), message.expires());
    let _ = (message.reasons().count(), message.warnings().count(), message.privacy().count());
    let _ = message.infos(HeaderName::AlertInfo).count();
    for challenge in message.challenges(HeaderName::WwwAuthenticate).flatten() {
        read_challenge(&challenge);
    }
    for credentials in message.credentials(HeaderName::Authorization).flatten() {
        read_credentials(&credentials);
    }
    for part in message.parts() {
        let _ = (part.text(HeaderName::ContentId), part.parts().count());
    }
}

fn read_challenge(challenge: &Challenge<'_>) {
    let _ = (challenge.realm(), challenge.nonce(), challenge.opaque(), challenge.algorithm(), challenge.is_stale());
}

fn read_credentials(credentials: &Credentials<'_>) {
    let _ = (credentials.username(), credentials.uri(), credentials.nonce_count(), credentials.qop());
}

/// Written and read again, a message has the same essentials, the same fields and the same body, and from then on not
/// a byte changes.
pub fn check_stable(message: &Message<'_>) {
    let first = written(message);
    let again = Message::parse(&first);
    let Ok(again) = again else { unreachable!("a written message does not parse: {again:?}") };
    assert_eq!((again.method(), again.status()), (message.method(), message.status()));
    let uri = |message: &Message<'_>| message.uri().map(|uri| uri.to_owned().without_headers());
    assert_eq!(uri(&again), uri(message));
    assert_eq!(again.call_id(), message.call_id());
    assert_eq!(again.cseq(), message.cseq());
    assert_eq!(again.body(), message.body());
    assert_eq!(again.from().tag(), message.from().tag());
    assert_eq!(again.via().branch(), message.via().branch());
    assert_eq!(written(&again), first, "writing is not stable");
}

fn written(message: &Message<'_>) -> Vec<u8> {
    Request::of(message)
        .map(|request| request.to_bytes())
        .or_else(|| Response::of(message).map(|response| response.to_bytes()))
        .unwrap_or_default()
}
