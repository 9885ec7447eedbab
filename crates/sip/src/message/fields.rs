use std::marker::PhantomData;

use super::date::{Civil, InvalidDate};
use super::scan::{list_item_end, saturating_number, skip_lws, trim};
use super::values::{
    Event, Info, MediaType, RAck, Reason, Replaces, RetryAfter, SessionExpires, SubscriptionState, Token, Warning,
};
use super::{Contact, HeaderName, Malformed, NameAddr, Via};
use crate::digest::{Challenge, Credentials};

/// Typed reading of header fields, for received messages and for [`Headers`](super::Headers).
///
/// Single values give `None` where the field is missing or does not follow its grammar: a broken field costs only
/// itself. Lists give each value or what is wrong with it. For a value given twice the first holds.
pub trait Fields<'a>: Copy {
    /// The raw value of the next field of this name from `position` on.
    fn next_line(self, name: HeaderName<'_>, position: &mut usize) -> Option<&'a [u8]>;

    /// A raw value as text; `None` where it is no UTF-8.
    fn line_text(self, line: &'a [u8]) -> Option<&'a str>;

    /// The raw values of all fields of this name, folds included.
    fn lines(self, name: HeaderName<'_>) -> Lines<'a, '_, Self> {
        Lines { fields: self, name, position: 0, values: PhantomData }
    }

    /// The first value of this name as text, folds included.
    fn text(self, name: HeaderName<'_>) -> Option<&'a str> {
        self.line_text(self.next_line(name, &mut 0)?)
    }

    /// Whether there is such a field.
    fn contains(self, name: HeaderName<'_>) -> bool {
        self.next_line(name, &mut 0).is_some()
    }

    /// All values of this name, also those that share a line; commas in quotes or brackets don't separate.
    fn items(self, name: HeaderName<'_>) -> Items<'a, '_, Self> {
        Items { lines: self.lines(name), rest: "" }
    }

    /// The values of a list of tokens (Allow, Supported, Require, Allow-Events …), without their parameters.
    fn tokens<'n>(self, name: HeaderName<'n>) -> impl Iterator<Item = &'a str> + use<'a, 'n, Self> {
        self.items(name).map(|item| trim(item.split(';').next().unwrap_or(item)))
    }

    /// Whether a list of tokens has this one, without regard to case.
    fn has_token(self, name: HeaderName<'_>, token: &str) -> bool {
        self.tokens(name).any(|found| found.eq_ignore_ascii_case(token))
    }

    /// A number, e.g. Expires, Min-Expires, Max-Forwards, Min-SE, RSeq. Too large a number is `u32::MAX`.
    fn number(self, name: HeaderName<'_>) -> Option<u32> {
        let text = self.text(name)?;
        let number = text.split([';', ' ', '\t', '(']).next().and_then(saturating_number)?;
        Some(u32::try_from(number).unwrap_or(u32::MAX))
    }

    /// All addresses of this name: Route, Record-Route, Path, Service-Route, P-Asserted-Identity, Diversion …
    fn addresses(self, name: HeaderName<'_>) -> Addresses<'a, '_, Self> {
        Addresses { lines: self.lines(name), rest: "" }
    }

    /// The first address of this name: Refer-To, Referred-By, P-Called-Party-ID, Remote-Party-ID …
    fn address(self, name: HeaderName<'_>) -> Option<NameAddr<'a>> {
        self.addresses(name).next()?.ok()
    }

    /// All values of Contact.
    fn contacts(self) -> Contacts<'a, 'static, Self> {
        Contacts { lines: self.lines(HeaderName::Contact), rest: "" }
    }

    /// All values of Via, the top one first.
    fn vias(self) -> Vias<'a, 'static, Self> {
        Vias { lines: self.lines(HeaderName::Via), rest: "" }
    }

    /// Expires in s.
    fn expires(self) -> Option<u32> {
        self.number(HeaderName::Expires)
    }

    /// Max-Forwards; more than 255 counts as 255 (RFC 3261 §20.22).
    fn max_forwards(self) -> Option<u8> {
        self.number(HeaderName::MaxForwards).map(|hops| u8::try_from(hops).unwrap_or(u8::MAX))
    }

    /// Content-Type.
    fn content_type(self) -> Option<MediaType<'a>> {
        MediaType::parse(self.text(HeaderName::ContentType)?).ok()
    }

    /// All challenges of WWW-Authenticate or Proxy-Authenticate.
    fn challenges<'n>(
        self,
        name: HeaderName<'n>,
    ) -> impl Iterator<Item = Result<Challenge<'a>, Malformed>> + use<'a, 'n, Self> {
        let texts = self.lines(name).filter_map(move |line| self.line_text(line));
        texts.flat_map(crate::digest::schemes).map(Challenge::parse)
    }

    /// All credentials of Authorization or Proxy-Authorization.
    fn credentials<'n>(
        self,
        name: HeaderName<'n>,
    ) -> impl Iterator<Item = Result<Credentials<'a>, Malformed>> + use<'a, 'n, Self> {
        self.lines(name).filter_map(move |line| self.line_text(line)).map(Credentials::parse)
    }

    /// Event (RFC 6665 §8.2.1).
    fn event(self) -> Option<Event<'a>> {
        Event::parse(self.text(HeaderName::Event)?).ok()
    }

    /// Subscription-State (RFC 6665 §8.2.3).
    fn subscription_state(self) -> Option<SubscriptionState<'a>> {
        SubscriptionState::parse(self.text(HeaderName::SubscriptionState)?).ok()
    }

    /// Replaces (RFC 3891).
    fn replaces(self) -> Option<Replaces<'a>> {
        Replaces::parse(self.text(HeaderName::Replaces)?).ok()
    }

    /// All values of Reason (RFC 3326).
    fn reasons(self) -> impl Iterator<Item = Reason<'a>> + use<'a, Self> {
        self.items(HeaderName::Reason).filter_map(|item| Reason::parse(item).ok())
    }

    /// RAck (RFC 3262 §7.2).
    fn rack(self) -> Option<RAck> {
        RAck::parse(self.text(HeaderName::RAck)?).ok()
    }

    /// RSeq (RFC 3262 §7.1).
    fn rseq(self) -> Option<u32> {
        self.number(HeaderName::RSeq)
    }

    /// Session-Expires (RFC 4028 §4).
    fn session_expires(self) -> Option<SessionExpires> {
        SessionExpires::parse(self.text(HeaderName::SessionExpires)?).ok()
    }

    /// Retry-After.
    fn retry_after(self) -> Option<RetryAfter<'a>> {
        RetryAfter::parse(self.text(HeaderName::RetryAfter)?).ok()
    }

    /// All values of Warning.
    fn warnings(self) -> impl Iterator<Item = Warning<'a>> + use<'a, Self> {
        self.items(HeaderName::Warning).filter_map(|item| Warning::parse(item).ok())
    }

    /// All values of Alert-Info or Call-Info: a URI with parameters, or the bare words that phones send instead.
    fn infos<'n>(self, name: HeaderName<'n>) -> impl Iterator<Item = Info<'a>> + use<'a, 'n, Self> {
        self.items(name).map(Info::parse)
    }

    /// The values of Privacy (RFC 3323 §4.2), which a semicolon separates.
    fn privacy(self) -> impl Iterator<Item = &'a str> + use<'a, Self> {
        let values = self.text(HeaderName::Privacy).unwrap_or_default();
        values.split([';', ',']).map(trim).filter(|value| !value.is_empty())
    }

    /// Date.
    fn date(self) -> Option<Result<Civil, InvalidDate>> {
        self.text(HeaderName::Date).map(Civil::parse)
    }

    /// A value that is a token with parameters, as Content-Disposition, Answer-Mode or Priority.
    fn token(self, name: HeaderName<'_>) -> Option<Token<'a>> {
        Token::parse(self.text(name)?).ok()
    }
}

/// Iterates over the raw values of a name.
#[derive(Clone, Debug)]
pub struct Lines<'a, 'n, F> {
    fields: F,
    name: HeaderName<'n>,
    position: usize,
    values: PhantomData<&'a [u8]>,
}

impl<'a, F: Fields<'a>> Lines<'a, '_, F> {
    /// The next value that is text.
    fn next_text(&mut self) -> Option<&'a str> {
        loop {
            let line = self.next()?;
            if let Some(text) = self.fields.line_text(line) {
                return Some(text);
            }
        }
    }
}

impl<'a, F: Fields<'a>> Iterator for Lines<'a, '_, F> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.fields.next_line(self.name, &mut self.position)
    }
}

/// Steps to the next non-empty list item: behind commas, or on the next line.
fn advance<'a, F: Fields<'a>>(lines: &mut Lines<'a, '_, F>, rest: &mut &'a str) -> Option<()> {
    loop {
        let start = rest.bytes().position(|byte| byte != b',' && !super::scan::is_lws(byte));
        match start {
            Some(start) => {
                *rest = rest.get(start..)?;
                return Some(());
            }
            None => *rest = lines.next_text()?,
        }
    }
}

/// Takes one item that `parse` reads up to a comma; a broken one is passed over up to the next comma.
fn next_item<'a, F: Fields<'a>, T>(
    lines: &mut Lines<'a, '_, F>,
    rest: &mut &'a str,
    parse: fn(&'a str) -> Result<(T, usize), Malformed>,
) -> Option<Result<T, Malformed>> {
    advance(lines, rest)?;
    let (item, end) = match parse(rest) {
        Ok((item, end)) => (Ok(item), end),
        Err(malformed) => (Err(malformed), list_item_end(rest.as_bytes(), 0)),
    };
    *rest = rest.get(end..).unwrap_or_default();
    Some(item)
}

/// Iterates over the values of a comma-separated list as text.
#[derive(Clone, Debug)]
pub struct Items<'a, 'n, F> {
    lines: Lines<'a, 'n, F>,
    rest: &'a str,
}

impl<'a, F: Fields<'a>> Iterator for Items<'a, '_, F> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = next_item(&mut self.lines, &mut self.rest, |text| {
            let end = list_item_end(text.as_bytes(), 0);
            Ok((text.get(..end).unwrap_or_default(), end))
        });
        text?.ok().map(trim)
    }
}

/// Iterates over addresses.
#[derive(Clone, Debug)]
pub struct Addresses<'a, 'n, F> {
    lines: Lines<'a, 'n, F>,
    rest: &'a str,
}

impl<'a, F: Fields<'a>> Iterator for Addresses<'a, '_, F> {
    type Item = Result<NameAddr<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        next_item(&mut self.lines, &mut self.rest, NameAddr::parse_item)
    }
}

/// Iterates over the values of Contact.
#[derive(Clone, Debug)]
pub struct Contacts<'a, 'n, F> {
    lines: Lines<'a, 'n, F>,
    rest: &'a str,
}

impl<'a, F: Fields<'a>> Iterator for Contacts<'a, '_, F> {
    type Item = Result<Contact<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        next_item(&mut self.lines, &mut self.rest, |text| {
            if text.starts_with('*') {
                return Ok((Contact::Any, skip_lws(text.as_bytes(), 1)));
            }
            let (address, end) = NameAddr::parse_item(text)?;
            Ok((Contact::Address(address), end))
        })
    }
}

/// Iterates over the values of Via.
#[derive(Clone, Debug)]
pub struct Vias<'a, 'n, F> {
    lines: Lines<'a, 'n, F>,
    rest: &'a str,
}

impl<'a, F: Fields<'a>> Iterator for Vias<'a, '_, F> {
    type Item = Result<Via<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        next_item(&mut self.lines, &mut self.rest, Via::parse_item)
    }
}
