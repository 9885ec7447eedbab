//! Comparison of URIs, RFC 3261 §19.1.4 and RFC 3966 §5.

use std::borrow::Cow;

use super::{Scheme, UriRef, percent_decode};
use crate::message::Params;

pub(super) fn same(a: &UriRef<'_>, b: &UriRef<'_>) -> bool {
    if a.scheme() != b.scheme() {
        return false;
    }
    match a.scheme() {
        Scheme::Sip | Scheme::Sips => same_sip(a, b),
        Scheme::Tel => same_number(a, b) && covers(a.params(), b.params()) && covers(b.params(), a.params()),
        Scheme::Urn | Scheme::Other => a.as_str().eq_ignore_ascii_case(b.as_str()),
    }
}

fn same_sip(a: &UriRef<'_>, b: &UriRef<'_>) -> bool {
    // The user part compares with regard to case; escapes compare as what they stand for.
    let hosts_agree = match (a.host(), b.host()) {
        (Some(a), Some(b)) => a.same(b),
        _ => false,
    };
    hosts_agree
        && a.user().map(percent_decode) == b.user().map(percent_decode)
        && a.password().map(percent_decode) == b.password().map(percent_decode)
        && a.port() == b.port()
        && same_params(a.params(), b.params())
        && same_headers(a, b)
}

/// A parameter in both has to agree, of a repeated one the first; `user`, `ttl`, `method`, `maddr` and `transport` in one alone never agree.
fn same_params(a: Params<'_>, b: Params<'_>) -> bool {
    const DECISIVE: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];
    let agrees = |mine: Params<'_>, theirs: Params<'_>| {
        mine.iter().all(|param| match (mine.get(param.name), theirs.get(param.name)) {
            (Some(mine), Some(theirs)) => percent_decode(mine).eq_ignore_ascii_case(&percent_decode(theirs)),
            _ => !DECISIVE.iter().any(|name| name.eq_ignore_ascii_case(param.name)),
        })
    };
    agrees(a, b) && agrees(b, a)
}

/// Headers are never ignored, but their order is.
fn same_headers(a: &UriRef<'_>, b: &UriRef<'_>) -> bool {
    sorted_headers(a) == sorted_headers(b)
}

fn sorted_headers<'a>(uri: &UriRef<'a>) -> Vec<(String, Cow<'a, str>)> {
    let mut headers: Vec<_> =
        uri.headers().map(|(name, value)| (name.to_ascii_lowercase(), percent_decode(value))).collect();
    headers.sort();
    headers
}

fn same_number(a: &UriRef<'_>, b: &UriRef<'_>) -> bool {
    let digits = |uri: &UriRef<'_>| -> String {
        let number = uri.user().unwrap_or_default().chars();
        number.filter(|c| !matches!(c, '-' | '.' | '(' | ')')).map(|c| c.to_ascii_lowercase()).collect()
    };
    digits(a) == digits(b)
}

fn covers(a: Params<'_>, b: Params<'_>) -> bool {
    let first = |params: Params<'_>, name: &str| params.get(name).map(str::to_ascii_lowercase);
    a.iter().all(|param| first(a, param.name) == first(b, param.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(a: &str, b: &str) -> bool {
        let (a, b) = (UriRef::parse(a).unwrap(), UriRef::parse(b).unwrap());
        assert_eq!(a.same(&b), b.same(&a), "comparison is not symmetric");
        a.same(&b)
    }

    #[test]
    fn equivalent_uris_of_rfc_3261_agree() {
        assert!(compare("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"));
        assert!(compare("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"));
        assert!(compare("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"));
        assert!(compare(
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com"
        ));
        assert!(compare(
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x"
        ));
    }

    #[test]
    fn different_uris_of_rfc_3261_differ() {
        assert!(!compare("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"));
        assert!(!compare("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"));
        assert!(!compare("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"));
        assert!(!compare("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"));
        assert!(!compare("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"));
        assert!(!compare("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"));
        assert!(!compare("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"));
    }

    #[test]
    fn telephone_numbers_compare_without_their_separators() {
        assert!(compare("tel:+31-20-1234", "tel:+31201234"));
        assert!(!compare("tel:1234;phone-context=a", "tel:1234"));
    }

    #[test]
    fn ipv6_references_compare_as_addresses() {
        assert!(compare("sip:[2001:DB8::0:1]", "sip:[2001:db8::1]"));
    }
}
