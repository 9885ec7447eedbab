//! The media port: descriptions between the ends of a call, handed on or led over the relay.

use std::collections::BTreeSet;
use std::net::IpAddr;

use bellbird_exchange::media_profile;
use bellbird_exchange::node::{MediaKind, MediaRequest, MediaTag, SavedLeg, SavedSession, SessionId};
use bellbird_exchange::words::MediaProfile;
use bellbird_sip::agent::Body;
use bellbird_sip::status::StatusCode;

use crate::relay::{Described, EndKey, Own, Place, Relay, RelayError, without_hold};

/// Decides for each offer which way its media goes; its answer goes the same way.
pub(crate) struct MediaPort {
    relay: Relay,
    /// Offers that were led over the relay, from whom to whom.
    relayed: BTreeSet<(SessionId, MediaTag, MediaTag)>,
}

/// Where the two ends of a request are, as their signalling shows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Places {
    pub(crate) from: Option<IpAddr>,
    pub(crate) to: Option<IpAddr>,
}

impl MediaPort {
    pub(crate) fn new(relay: Relay) -> Self {
        Self { relay, relayed: BTreeSet::new() }
    }

    pub(crate) fn relay(&self) -> &Relay {
        &self.relay
    }

    /// What is handed on.
    pub(crate) fn answer(&mut self, request: &MediaRequest, places: Places) -> Result<Body, StatusCode> {
        let Some(text) = sdp(&request.body) else { return Ok(request.body.clone()) };
        let (from, to) = (place(request.from.tag, places.from), place(request.to.tag, places.to));
        let session = request.session.0;
        let exchange = (request.session, request.from.tag, request.to.tag);
        let anew = (request.kind == MediaKind::Again).then(|| without_hold(text));
        let text = anew.as_deref().unwrap_or(text);
        let rewritten = match request.kind {
            MediaKind::Again if finds_its_way(text, request.to.tag) => {
                self.relayed.remove(&exchange);
                return Ok(Body::sdp(text));
            }
            MediaKind::Offer if finds_its_way(text, request.to.tag) => {
                self.relayed.remove(&exchange);
                return Ok(request.body.clone());
            }
            MediaKind::Offer | MediaKind::Again => {
                self.relayed.insert(exchange);
                self.relay.offer(session, from, to, text)
            }
            MediaKind::Answer => {
                let (session_id, answering, offering) = exchange;
                if !self.relayed.contains(&(session_id, offering, answering)) {
                    return Ok(request.body.clone());
                }
                self.relay.answer(session, from, to, text)
            }
            MediaKind::Park => self.relay.own_answer(session, from, Own::Silent, text),
        };
        rewritten.map(Body::sdp).map_err(|error| refusal(&error))
    }

    /// The answer of the echo.
    pub(crate) fn echo(&self, session: u64, from: Option<IpAddr>, offer: &Body) -> Result<Body, StatusCode> {
        let text = sdp(offer).ok_or(StatusCode::NOT_ACCEPTABLE_HERE)?;
        let end = Place { key: EndKey(session), signalling: from, with_ice: false };
        self.relay.own_answer(session, end, Own::Echo, text).map(Body::sdp).map_err(|error| refusal(&error))
    }

    /// These two talk: what another connection wanted of either came to nothing.
    pub(crate) fn talks(&self, session: SessionId, saved: &SavedSession) {
        self.relay.belong(session.0, [&saved.a, &saved.b].map(|leg| EndKey(leg.media.0)));
    }

    /// A connection is over.
    pub(crate) fn over(&mut self, session: SessionId) {
        self.relayed.retain(|(known, _, _)| *known != session);
        self.relay.over(session.0);
    }

    /// Goes on with the media of a call of an earlier life, where it was relayed: the ports are those that both sides
    /// were told, so nobody has to be told anything.
    pub(crate) fn resume(&mut self, session: SessionId, saved: &SavedSession) {
        let resumed = [&saved.a, &saved.b].map(|leg| self.resume_leg(session, leg));
        if resumed == [true, true] {
            let (a, b) = (saved.a.media, saved.b.media);
            self.relay.link(EndKey(a.0), EndKey(b.0));
            self.relayed.extend([(session, a, b), (session, b, a)]);
        }
    }

    fn resume_leg(&self, session: SessionId, leg: &SavedLeg) -> bool {
        let told = leg.call.local_description.as_ref().and_then(sdp);
        let described = leg.call.remote_description.as_ref().and_then(sdp);
        let end = place(leg.media, leg.call.peer.map(|(_, address)| address.ip()));
        told.zip(described).is_some_and(|(told, described)| self.relay.resume(session.0, end, told, described))
    }
}

impl Drop for MediaPort {
    fn drop(&mut self) {
        self.relay.close();
    }
}

/// Whether the ends find a way by themselves: both look for one (ICE). All else is relayed, since whether the called
/// device is behind a NAT shows only after it was told where to send.
fn finds_its_way(offer: &str, to: MediaTag) -> bool {
    let webrtc = media_profile(to) == MediaProfile::WebRtc;
    webrtc && Described::read(offer).is_some_and(|described| described.has_ice)
}

fn place(tag: MediaTag, signalling: Option<IpAddr>) -> Place {
    let with_ice = !matches!(media_profile(tag), MediaProfile::Plain | MediaProfile::Sdes);
    Place { key: EndKey(tag.0), signalling: signalling.map(|ip| ip.to_canonical()), with_ice }
}

fn sdp(body: &Body) -> Option<&str> {
    let is_sdp = body.content_type.to_ascii_lowercase().starts_with("application/sdp");
    std::str::from_utf8(&body.bytes).ok().filter(|_| is_sdp)
}

fn refusal(error: &RelayError) -> StatusCode {
    tracing::error!("media could not be relayed: {error}");
    match error {
        RelayError::NotSdp | RelayError::NoStream | RelayError::NoAddress => StatusCode::NOT_ACCEPTABLE_HERE,
        RelayError::NoPorts => StatusCode::SERVICE_UNAVAILABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::RelayConfig;
    use bellbird_exchange::node::{End, MediaId};

    const PLAIN: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                         m=audio 4000 RTP/AVP 0\r\n";

    fn port(from: u16) -> MediaPort {
        MediaPort::new(Relay::new(RelayConfig { address: None, ports: (from, from + 100), loopback: true }))
    }

    fn request(kind: MediaKind, from: u64, to: u64, text: &str) -> MediaRequest {
        let end = |tag| End { call: None, tag: MediaTag(tag) };
        let (id, session) = (MediaId(1), SessionId(1));
        MediaRequest { id, session, kind, from: end(from), to: end(to), body: Body::sdp(text) }
    }

    fn here() -> Places {
        let ip = Some("127.0.0.1".parse().unwrap());
        Places { from: ip, to: ip }
    }

    #[tokio::test]
    async fn an_offer_with_ice_to_a_browser_is_left_alone_and_so_is_its_answer() {
        let mut port = port(42_000);
        let ice = format!("{PLAIN}a=ice-ufrag:abcd\r\n");
        let (offer, answer) = (request(MediaKind::Offer, 9, 17, &ice), request(MediaKind::Answer, 17, 9, &ice));
        assert_eq!(port.answer(&offer, here()), Ok(offer.body.clone()));
        assert_eq!(port.answer(&answer, here()), Ok(answer.body.clone()));
        assert_eq!(port.relay().open_ports(), 0);
    }

    #[tokio::test]
    async fn a_plain_offer_is_relayed_and_so_is_its_answer() {
        let mut port = port(42_200);
        let offer = port.answer(&request(MediaKind::Offer, 8, 16, PLAIN), here()).unwrap();
        assert_ne!(offer, Body::sdp(PLAIN));
        let answer = port.answer(&request(MediaKind::Answer, 16, 8, PLAIN), here()).unwrap();
        assert_ne!(answer, Body::sdp(PLAIN));
        assert_eq!(port.relay().open_ports(), 4);
    }

    #[tokio::test]
    async fn a_description_that_is_offered_anew_holds_nobody() {
        let mut port = port(42_600);
        let held = format!("{PLAIN}a=recvonly\r\n");
        let again = port.answer(&request(MediaKind::Again, 8, 16, &held), here()).unwrap();
        let text = String::from_utf8(again.bytes).unwrap();
        assert!(text.contains("m=audio 42") && !text.contains("a=recvonly"), "{text}");
        let answer = port.answer(&request(MediaKind::Answer, 16, 8, PLAIN), here()).unwrap();
        assert_ne!(answer, Body::sdp(PLAIN), "its answer goes the same way");
    }

    #[tokio::test]
    async fn what_is_no_description_is_handed_on() {
        let mut port = port(42_400);
        let mut offer = request(MediaKind::Offer, 8, 16, "x");
        offer.body = Body::new("multipart/mixed;boundary=b", "--b--");
        assert_eq!(port.answer(&offer, here()), Ok(offer.body.clone()));
    }
}
