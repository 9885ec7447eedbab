//! Dialogs, RFC 3261 §12: what two ends remember about each other between transactions.

use crate::message::{Address, Fields, HeaderName, Message, Method, NameAddr, Request};
use crate::uri::Uri;

/// A dialog, early or confirmed, as one end sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialog {
    /// Call-ID.
    pub call_id: String,
    /// Our From or To, with our tag.
    pub local: Address,
    /// The peer's From or To, with the peer's tag, if it has one (RFC 2543 peers have not).
    pub remote: Address,
    /// Sequence number of our last request.
    pub local_cseq: u32,
    /// Sequence number of the peer's last request, once one came.
    pub remote_cseq: Option<u32>,
    /// The proxies that want to see every request, the nearest first.
    pub route_set: Vec<Uri>,
    /// The peer's Contact.
    pub remote_target: Uri,
}

/// Why a message makes no dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoDialog {
    /// The message has no Contact that a request could be sent to.
    #[error("no usable Contact")]
    NoContact,
}

impl Dialog {
    /// The dialog that a response with a tag makes for the one who sent the request (RFC 3261 §12.1.2).
    ///
    /// # Errors
    /// Where there is no Contact.
    pub fn uac(response: &Message<'_>) -> Result<Self, NoDialog> {
        let mut route_set = record_route(response);
        route_set.reverse();
        Ok(Self {
            call_id: response.call_id().to_owned(),
            local: response.from().to_owned(),
            remote: response.to().to_owned(),
            local_cseq: response.cseq().sequence,
            remote_cseq: None,
            route_set,
            remote_target: contact(response).ok_or(NoDialog::NoContact)?,
        })
    }

    /// The dialog that a request makes for the one who answers it (RFC 3261 §12.1.1).
    ///
    /// # Errors
    /// Where there is no Contact.
    pub fn uas(request: &Message<'_>, local_tag: &str) -> Result<Self, NoDialog> {
        Ok(Self {
            call_id: request.call_id().to_owned(),
            local: request.to().to_owned().with_tag(local_tag),
            remote: request.from().to_owned(),
            local_cseq: 0,
            remote_cseq: Some(request.cseq().sequence),
            route_set: record_route(request),
            remote_target: contact(request).ok_or(NoDialog::NoContact)?,
        })
    }

    /// Our tag.
    pub fn local_tag(&self) -> &str {
        self.local.tag().unwrap_or_default()
    }

    /// The peer's tag; empty where it has none.
    pub fn remote_tag(&self) -> &str {
        self.remote.tag().unwrap_or_default()
    }

    /// Whether a request or response from the peer with this tag belongs here.
    pub fn is_with(&self, peer: &NameAddr<'_>) -> bool {
        peer.tag().unwrap_or_default() == self.remote_tag()
    }

    /// A request of ours. ACK and CANCEL do not count: see [`Dialog::ack`].
    pub fn request(&mut self, method: Method) -> Request {
        self.local_cseq += 1;
        self.numbered(method, self.local_cseq)
    }

    /// The ACK of the 2xx to the INVITE with this sequence number.
    pub fn ack(&self, cseq: u32) -> Request {
        self.numbered(Method::Ack, cseq)
    }

    /// Where requests go first: the nearest proxy, or the peer itself.
    pub fn next_hop(&self) -> &Uri {
        self.route_set.first().unwrap_or(&self.remote_target)
    }

    /// Checks a request's sequence number and remembers it. A lower one is out of order: answer 500 (§12.2.2).
    #[must_use]
    pub fn accept_cseq(&mut self, sequence: u32) -> bool {
        if self.remote_cseq.is_some_and(|last| sequence < last) {
            return false;
        }
        self.remote_cseq = Some(sequence);
        true
    }

    /// Takes a new Contact over from a target refresh: re-INVITE, UPDATE, or a 2xx to one (§12.2).
    pub fn refresh_target(&mut self, message: &Message<'_>) {
        if let Some(target) = contact(message) {
            self.remote_target = target;
        }
    }

    /// Takes the 2xx over that confirms an early dialog: its route set and target hold (RFC 3261 §13.2.2.4).
    pub fn confirm(&mut self, success: &Message<'_>) {
        self.refresh_target(success);
        let mut route_set = record_route(success);
        route_set.reverse();
        self.route_set = route_set;
    }

    fn numbered(&self, method: Method, cseq: u32) -> Request {
        let (uri, routes) = self.line_and_routes();
        let mut request = Request::new(method.clone(), uri);
        for route in routes {
            request.headers.push(HeaderName::Route, format!("<{route}>"));
        }
        request
            .headers
            .push(HeaderName::MaxForwards, 70)
            .push(HeaderName::From, &self.local)
            .push(HeaderName::To, &self.remote)
            .push(HeaderName::CallId, &self.call_id)
            .push(HeaderName::CSeq, format!("{cseq} {method}"));
        request
    }

    /// Request-URI and Route (RFC 3261 §12.2.1.1). A first proxy without `lr` is a strict router: it wants itself in the
    /// Request-URI and the target at the end.
    fn line_and_routes(&self) -> (Uri, Vec<Uri>) {
        match self.route_set.split_first() {
            Some((first, rest)) if first.param("lr").is_none() => {
                let routes = rest.iter().cloned().chain([self.remote_target.clone()]).collect();
                (first.without_headers().without_param("method"), routes)
            }
            _ => (self.remote_target.clone(), self.route_set.clone()),
        }
    }
}

fn contact(message: &Message<'_>) -> Option<Uri> {
    let contact = message.contacts().next()?.ok()?;
    let uri = contact.address()?.uri;
    uri.scheme().is_sip().then(|| uri.to_owned())
}

fn record_route(message: &Message<'_>) -> Vec<Uri> {
    message.addresses(HeaderName::RecordRoute).flatten().map(|route| route.uri.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESPONSE: &str = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n\
        Record-Route: <sip:far;lr>, <sip:near;lr>\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:b@b>;tag=2\r\nCall-ID: c\r\n\
        CSeq: 7 INVITE\r\nContact: <sip:b@10.0.0.2:5070>\r\n\r\n";

    fn uac() -> Dialog {
        Dialog::uac(&Message::parse(RESPONSE.as_bytes()).unwrap()).unwrap()
    }

    fn routes(request: &Request) -> Vec<String> {
        (&request.headers).addresses(HeaderName::Route).flatten().map(|route| route.uri.to_string()).collect()
    }

    #[test]
    fn caller_reverses_the_recorded_route() {
        let mut dialog = uac();
        let bye = dialog.request(Method::Bye);
        assert_eq!(bye.uri.as_str(), "sip:b@10.0.0.2:5070");
        assert_eq!(routes(&bye), ["sip:near;lr", "sip:far;lr"]);
        assert_eq!((&bye.headers).text(HeaderName::CSeq), Some("8 BYE"));
        assert_eq!(dialog.next_hop().as_str(), "sip:near;lr");
    }

    #[test]
    fn strict_router_gets_itself_as_request_uri() {
        let mut dialog = uac();
        dialog.route_set = vec![Uri::parse("sip:strict").unwrap(), Uri::parse("sip:far;lr").unwrap()];
        let bye = dialog.request(Method::Bye);
        assert_eq!(bye.uri.as_str(), "sip:strict");
        assert_eq!(routes(&bye), ["sip:far;lr", "sip:b@10.0.0.2:5070"]);
    }

    #[test]
    fn ack_bears_the_number_of_its_invite() {
        let ack = uac().ack(7);
        assert_eq!((&ack.headers).text(HeaderName::CSeq), Some("7 ACK"));
    }

    #[test]
    fn lower_sequence_number_is_refused() {
        let mut dialog = uac();
        assert!(dialog.accept_cseq(5));
        assert!(dialog.accept_cseq(9));
        assert!(!dialog.accept_cseq(8));
    }
}
