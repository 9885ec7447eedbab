//! What is measured: the same reading by Bellbird and by rsip.

use std::hint::black_box;

use bellbird_sip::message::{Contact, Fields, HeaderName, Message};

pub(crate) const INVITE: &[u8] = include_bytes!("../samples/invite.sip");
pub(crate) const REGISTER: &[u8] = include_bytes!("../samples/register.sip");

/// The message of a case.
pub(crate) fn input(case: &str) -> Vec<u8> {
    match case {
        "register" | "rsip_register" => REGISTER.to_vec(),
        "fields_x20" => with_fields(20),
        "fields_x40" => with_fields(40),
        "body_x2" => INVITE.repeat(2),
        _ => INVITE.to_vec(),
    }
}

/// Does a case's work once.
pub(crate) fn run(case: &str, input: &[u8]) {
    match case {
        "invite" | "body_x2" => invite(input),
        "register" => register(input),
        "rsip_invite" => rsip_invite(input),
        "rsip_register" => rsip_register(input),
        _ => {
            black_box(Message::parse(input).unwrap());
        }
    }
}

/// Via, route set, From, To, Contact, CSeq, digest and body type typed.
pub(crate) fn invite(input: &[u8]) {
    let message = Message::parse(input).unwrap();
    black_box((message.via().branch(), message.from().tag(), message.to().uri, message.cseq()));
    for route in message.addresses(HeaderName::Route) {
        black_box(route.unwrap().uri);
    }
    for contact in message.contacts().filter_map(Result::ok).filter_map(Contact::address) {
        black_box(contact.params.get("+sip.instance"));
    }
    for credentials in message.credentials(HeaderName::ProxyAuthorization) {
        let credentials = credentials.unwrap();
        black_box((credentials.username(), credentials.response(), credentials.nonce_count(), credentials.qop()));
    }
    black_box(message.content_type());
    black_box(message.body());
}

/// Via, From, To, Contact, CSeq and Expires typed.
pub(crate) fn register(input: &[u8]) {
    let message = Message::parse(input).unwrap();
    black_box((message.via().branch(), message.from().tag(), message.to().uri, message.cseq(), message.expires()));
    for contact in message.contacts() {
        black_box(contact.unwrap().expires());
    }
}

/// The same with rsip. It can't read two routes in one line and numbers its nonce counts in decimal, so that these are
/// left as it gives them.
#[allow(clippy::wildcard_enum_match_arm)] // rsip's headers, of which only these are measured.
pub(crate) fn rsip_invite(input: &[u8]) {
    use rsip::prelude::*;
    let request = rsip::Request::try_from(input).unwrap();
    black_box(request.via_header().unwrap().typed().unwrap());
    black_box(request.from_header().unwrap().typed().unwrap());
    black_box(request.to_header().unwrap().typed().unwrap());
    black_box(request.cseq_header().unwrap().typed().unwrap());
    black_box(request.contact_header().unwrap().typed().ok());
    for header in request.headers().iter() {
        match header {
            rsip::Header::Route(route) => {
                black_box(route.typed().ok());
            }
            rsip::Header::ProxyAuthorization(authorization) => {
                black_box(authorization.typed().ok());
            }
            rsip::Header::ContentType(content_type) => {
                black_box(content_type.typed().ok());
            }
            _ => {}
        }
    }
    black_box(request.body().len());
}

/// The same with rsip.
pub(crate) fn rsip_register(input: &[u8]) {
    use rsip::prelude::*;
    let request = rsip::Request::try_from(input).unwrap();
    black_box(request.via_header().unwrap().typed().unwrap());
    black_box(request.from_header().unwrap().typed().unwrap());
    black_box(request.to_header().unwrap().typed().unwrap());
    black_box(request.cseq_header().unwrap().typed().unwrap());
    black_box(request.contact_header().unwrap().typed().ok());
    black_box(request.expires_header().map(|expires| expires.seconds().ok()));
}

/// The INVITE with so many copies of its middle fields.
fn with_fields(copies: usize) -> Vec<u8> {
    let fields =
        b"Record-Route: <sip:edge1.example.com;transport=tls;lr>\r\nX-Trace: 0123456789abcdef\r\n".repeat(copies);
    let at = INVITE.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 2;
    [&INVITE[..at], &fields, &INVITE[at..]].concat()
}
