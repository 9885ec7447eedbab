//! OPTIONS of ours, RFC 3261 §11: whether a server is there, and what it says.

use bellbird_base::Instant;

use super::UserAgent;
use super::command::Misuse;
use super::config::AccountId;
use super::context::Owner;
use super::event::{Event, OptionsEnd, OptionsId};
use crate::endpoint::Failure;
use crate::message::{Address, HeaderName, Message, Method, Request};
use crate::uri::Uri;

impl UserAgent {
    /// Asks `target`, the way that calls to it take, what it can do. One [`Event::Options`] follows, after 32 s at most.
    ///
    /// # Errors
    /// Where there is no such account.
    pub fn ask_options(&mut self, now: Instant, account: AccountId, target: &Uri) -> Result<OptionsId, Misuse> {
        self.now = self.now.max(now);
        self.known_account(account)?;
        self.last_event_name += 1;
        let id = OptionsId(self.last_event_name);
        self.with_account(account, |cx| {
            let target = target.without_headers();
            let mut request = Request::new(Method::Options, target.clone());
            cx.account.preload_route(&mut request);
            request
                .headers
                .push(HeaderName::MaxForwards, 70)
                .push(HeaderName::From, cx.account.identity().with_tag(&cx.rng.token(12)))
                .push(HeaderName::To, Address::new(target.clone()))
                .push(HeaderName::CallId, cx.rng.token(24))
                .push(HeaderName::CSeq, "1 OPTIONS")
                .push(HeaderName::Accept, "application/sdp");
            request.set_body(None);
            let (route, contact) = (cx.account.route(&target), cx.account.contact(false, false));
            cx.send(Owner::Options(id), request, route, Some(contact));
        });
        self.settle();
        Ok(id)
    }

    pub(super) fn options_answered(&mut self, id: OptionsId, message: &Message<'_>) {
        if let Some(status) = message.status().filter(|status| status.is_final()) {
            let reason = message.reason().to_owned();
            self.events.push_back(Event::Options(id, OptionsEnd::Answered(status, reason)));
        }
    }

    pub(super) fn options_failed(&mut self, id: OptionsId, failure: Failure) {
        let end = match failure {
            Failure::Timeout => OptionsEnd::NoAnswer,
            Failure::Flow(end) => OptionsEnd::Connection(end),
            Failure::Resolve(failure) => OptionsEnd::Resolve(failure),
            Failure::NoRoute => OptionsEnd::Resolve(super::ResolveFailure::NotFound),
        };
        self.events.push_back(Event::Options(id, end));
    }
}
