//! The INVITE that begins a call of ours: what is written into it, and where it goes.

use super::request_uri;
use crate::agent::context::Cx;
use crate::agent::{CallId, Invite};
use crate::endpoint::{Route, WayBack};
use crate::message::{Address, HeaderName, Method, Request};
use crate::uri::Uri;

/// What an INVITE of ours needs besides what the user asked for.
pub(crate) struct Origin {
    pub(crate) call_id: String,
    pub(crate) tag: String,
    /// Replaces (RFC 3891).
    pub(crate) replaces: Option<String>,
    /// Referred-By (RFC 3892).
    pub(crate) referred_by: Option<String>,
    /// The call that asked for this one.
    pub(crate) reports_to: Option<CallId>,
}

pub(super) fn build_invite(cx: &Cx<'_>, invite: &Invite, target: &Uri, origin: &Origin) -> Request {
    let mut request = Request::new(Method::Invite, request_uri(target));
    match &invite.way {
        Some(way) => way.path.iter().for_each(|hop| {
            request.headers.push(HeaderName::Route, format!("<{hop}>"));
        }),
        None => cx.account.preload_route(&mut request),
    }
    let from = invite.from.clone().unwrap_or_else(|| caller(cx, invite.anonymous));
    let to = invite.to.clone().unwrap_or_else(|| Address::new(target.without_headers()));
    request
        .headers
        .push(HeaderName::MaxForwards, invite.max_forwards)
        .push(HeaderName::From, from.with_tag(&origin.tag))
        .push(HeaderName::To, to)
        .push(HeaderName::CallId, &origin.call_id)
        .push(HeaderName::CSeq, "1 INVITE")
        .push(HeaderName::Contact, "")
        .push(HeaderName::Allow, crate::agent::ALLOW)
        .push(HeaderName::Supported, supported(invite.reliable));
    if invite.anonymous {
        request.headers.push(HeaderName::Privacy, "id").push(HeaderName::PPreferredIdentity, cx.account.identity());
    }
    if let Some(interval) = cx.config.session.interval {
        request.headers.push(HeaderName::SessionExpires, interval.as_secs());
        request.headers.push(HeaderName::MinSe, cx.config.session.minimum.as_secs());
    }
    if let Some(replaces) = &origin.replaces {
        request.headers.push(HeaderName::Replaces, replaces).push(HeaderName::Require, "replaces");
    }
    if let Some(referred_by) = &origin.referred_by {
        request.headers.push(HeaderName::ReferredBy, referred_by);
    }
    if let Some(after) = invite.auto_answer {
        let info = format!("<sip:localhost>;answer-after={}", after.as_secs());
        request.headers.push(HeaderName::CallInfo, info).push(HeaderName::AnswerMode, "Auto");
    }
    for (name, value) in &invite.headers {
        if let Some(name) = HeaderName::new(name) {
            request.headers.push(name, value);
        }
    }
    request.set_body(invite.offer.as_ref());
    request
}

fn supported(reliable: bool) -> &'static str {
    let all = crate::agent::SUPPORTED;
    if reliable { all } else { all.trim_start_matches("100rel, ") }
}

/// Where an INVITE goes: back to the device that registered with us, else where the account's requests go.
pub(super) fn first_route(cx: &Cx<'_>, invite: &Invite, target: &Uri) -> Route {
    let Some(way) = &invite.way else { return cx.account.route(target) };
    let back = WayBack { flow: way.flow, peer: way.received };
    back.route(|flow| cx.endpoint.flow(flow).is_some(), way.path.first().unwrap_or(target))
}

/// RFC 3323 §4.1.1.3 for who wants to stay unknown.
fn caller(cx: &Cx<'_>, anonymous: bool) -> Address {
    if anonymous && let Ok(uri) = Uri::parse("sip:anonymous@anonymous.invalid") {
        return Address::new(uri).with_display(Some("Anonymous"));
    }
    cx.account.identity()
}
