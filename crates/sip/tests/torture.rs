//! The messages of RFC 4475 and RFC 5118, each with the verdict that the RFC asks for.

#![allow(clippy::unwrap_used, clippy::expect_used)] // Helpers of tests panic like the tests themselves.

use std::net::IpAddr;

use bellbird_sip::message::{
    Capabilities, Contact, Fault, Fields, HeaderName, InvalidDate, Message, Method, NameAddr, Refusal, Request,
};
use bellbird_sip::status::StatusCode;
use bellbird_sip::uri::Scheme;

mod valid {
    use super::*;

    #[test]
    fn wsinv_short_tortuous_invite() {
        let bytes = rfc4475("wsinv");
        let message = accepted(&bytes);
        assert_eq!(message.to().tag(), Some("1918181833n"));
        assert_eq!(message.from().display_name().unwrap(), r#"J Rosenberg \""#);
        assert_eq!(message.from().tag(), Some("98asjd8"));
        assert_eq!(message.max_forwards(), Some(68));
        assert_eq!(message.cseq().sequence, 9);
        assert_eq!(message.text(HeaderName::Subject), Some(""));
        assert_eq!(message.text(HeaderName::Other("unknownheaderwithunusualvalue")), Some(";;,,;;,;"));
        assert_eq!(
            message.lines(HeaderName::Other("NewFangledHeader")).next(),
            Some(&b"newfangled value\r\n continued newfangled value"[..])
        );
        let vias: Vec<_> = message.vias().map(Result::unwrap).collect();
        assert_eq!(vias.iter().map(|via| via.transport).collect::<Vec<_>>(), ["UDP", "TCP", "UDP"]);
        assert_eq!(vias[2].branch(), Some("z9hG4bK30239"));
        let route = message.address(HeaderName::Route).unwrap();
        assert_eq!(route.uri.param("unknownwith"), Some("value"));
        let Contact::Address(contact) = only_contact(&message) else { panic!("an address") };
        assert_eq!(contact.display_name().unwrap(), r#"Quoted string """#);
        assert_eq!(contact.params.get("newparam"), Some("newvalue"));
        assert_eq!(Contact::Address(contact).q(), 330);
        assert_eq!(message.body().len(), 150);
    }

    #[test]
    fn intmeth_wide_range_of_characters() {
        let bytes = rfc4475("intmeth");
        let message = accepted(&bytes);
        assert_eq!(message.method().as_str(), "!interesting-Method0123456789_*+`.%indeed'~");
        let uri = message.uri().unwrap();
        assert_eq!(uri.user(), Some("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"));
        assert_eq!(uri.password(), Some("&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"));
        assert_eq!(message.to().display_name().unwrap(), "BEL:\u{7} NUL:\0 DEL:\u{7f}");
        assert_eq!(message.from().display_name().unwrap(), "token1~` token2'+_ token3*%!.-");
        assert_eq!(message.from().params.get("fromParam''~+*_!.-%"), Some("работающий"));
        assert_eq!(message.from().tag(), Some("_token~1'+`*%!-."));
        assert_eq!(message.call_id(), r#"intmeth.word%ZK-!.*_+'@word`~)(><:\/"][?}{"#);
        assert_eq!(message.text(HeaderName::Other("extensionHeader-!.%*+_`'~")), Some("\u{feff}大停電"));
    }

    #[test]
    fn esc01_percent_escapes() {
        let bytes = rfc4475("esc01");
        let message = accepted(&bytes);
        assert_eq!(message.uri().unwrap().user_text().unwrap(), "sips:user@example.com");
        assert_eq!(message.uri().unwrap().host().unwrap().as_str(), "example.net");
        assert_eq!(message.to().uri.user_text().unwrap(), "user");
        assert_eq!(message.from().uri.user_text().unwrap(), "I have spaces");
        let contact = only_contact(&message).address().unwrap();
        assert_eq!(contact.uri.params().iter().count(), 2);
    }

    #[test]
    fn escnull_escaped_nulls() {
        let bytes = rfc4475("escnull");
        let message = accepted(&bytes);
        let users: Vec<_> =
            message.contacts().map(|contact| contact.unwrap().address().unwrap().uri.user_text()).collect();
        assert_eq!(users, [Some("\0".into()), Some("\0\0".into())]);
    }

    #[test]
    fn esc02_percent_that_is_no_escape() {
        let bytes = rfc4475("esc02");
        let message = accepted(&bytes);
        assert_ne!(*message.method(), Method::Register);
        assert_eq!(message.method().as_str(), "RE%47IST%45R");
        assert_eq!(message.to().display_name().unwrap(), "%Z%45");
        assert_eq!(message.contacts().count(), 2);
        assert!(message.contains(HeaderName::Other("C%6Fntact")));
    }

    #[test]
    fn lwsdisp_no_space_before_the_bracket() {
        let bytes = rfc4475("lwsdisp");
        assert_eq!(accepted(&bytes).from().display_name().unwrap(), "caller");
    }

    #[test]
    fn longreq_long_values() {
        let bytes = rfc4475("longreq");
        let message = accepted(&bytes);
        assert_eq!(message.vias().filter_map(Result::ok).count(), 34);
        assert_eq!(message.to().uri.port(), Some(6000));
        assert_eq!(message.from().tag().unwrap().len(), 155);
        assert_eq!(message.body().len(), 150);
    }

    #[test]
    fn dblreq_trailing_octets_are_ignored() {
        let bytes = rfc4475("dblreq");
        let message = accepted(&bytes);
        assert_eq!(*message.method(), Method::Register);
        assert!(message.body().is_empty());
    }

    #[test]
    fn semiuri_semicolons_belong_to_the_user() {
        let bytes = rfc4475("semiuri");
        let message = accepted(&bytes);
        let uri = message.uri().unwrap();
        assert_eq!(uri.user_text().unwrap(), "user;par=u@example.net");
        assert_eq!(uri.host().unwrap().as_str(), "example.com");
        assert!(uri.params().is_empty());
        assert_eq!(message.tokens(HeaderName::Accept).count(), 6);
    }

    #[test]
    fn transports_varied_and_unknown() {
        let bytes = rfc4475("transports");
        let message = accepted(&bytes);
        let transports: Vec<_> = message.vias().map(|via| via.unwrap().transport).collect();
        assert_eq!(transports, ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]);
    }

    #[test]
    fn mpart01_multipart_with_binary() {
        let bytes = rfc4475("mpart01");
        let message = accepted(&bytes);
        let parts: Vec<_> = message.parts().collect();
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].body, b"Hello");
        assert!(parts[1].content_type.unwrap().is("application/octet-stream"));
        assert_eq!(parts[1].body.len(), 0x152 + 4);
        assert_eq!(message.date().unwrap().unwrap().unix_seconds(), 1_129_351_496);
    }

    #[test]
    fn unreason_unusual_reason_phrase() {
        let bytes = rfc4475("unreason");
        let message = accepted(&bytes);
        assert_eq!(message.status(), Some(StatusCode::OK));
        assert_eq!(message.reason(), "= 2**3 * 5**2 но сто девяносто девять - простое");
    }

    #[test]
    fn noreason_empty_reason_phrase() {
        let bytes = rfc4475("noreason");
        let message = accepted(&bytes);
        assert_eq!((message.status(), message.reason()), (Some(StatusCode::TRYING), ""));
    }
}

mod invalid {
    use super::*;

    #[test]
    fn badinv01_extraneous_separators() {
        refused("badinv01", StatusCode::BAD_REQUEST, Fault::Malformed("Via"));
    }

    #[test]
    fn clerr_content_length_larger_than_message() {
        refused("clerr", StatusCode::BAD_REQUEST, Fault::Truncated);
    }

    #[test]
    fn ncl_negative_content_length() {
        refused("ncl", StatusCode::BAD_REQUEST, Fault::Malformed("Content-Length"));
    }

    #[test]
    fn scalar02_overlarge_numbers_in_a_request() {
        refused("scalar02", StatusCode::BAD_REQUEST, Fault::Malformed("CSeq"));
    }

    #[test]
    fn scalar02_overlarge_expiry_alone_is_clamped() {
        let text = String::from_utf8(rfc4475("scalar02")).unwrap().replace("36893488147419103232", "1");
        let message = accepted(text.as_bytes());
        assert_eq!(message.expires(), Some(u32::MAX));
        assert_eq!(message.max_forwards(), Some(255));
        assert_eq!(only_contact(&message).expires(), Some(u32::MAX));
    }

    #[test]
    fn scalarlg_overlarge_numbers_in_a_response() {
        dropped("scalarlg", Fault::Malformed("CSeq"));
    }

    #[test]
    fn quotbal_unterminated_quote() {
        refused("quotbal", StatusCode::BAD_REQUEST, Fault::Malformed("To"));
    }

    #[test]
    fn ltgtruri_brackets_around_the_request_uri() {
        refused("ltgtruri", StatusCode::BAD_REQUEST, Fault::Malformed("Request-URI"));
    }

    #[test]
    fn lwsruri_space_in_the_request_uri() {
        refused("lwsruri", StatusCode::BAD_REQUEST, Fault::Malformed("Request-URI"));
    }

    #[test]
    fn lwsstart_several_spaces_in_the_request_line() {
        refused("lwsstart", StatusCode::BAD_REQUEST, Fault::Malformed("Request-URI"));
    }

    #[test]
    fn trws_spaces_at_the_end_of_the_request_line() {
        refused("trws", StatusCode::BAD_REQUEST, Fault::Malformed("Request-Line"));
    }

    #[test]
    fn escruri_headers_in_the_request_uri_are_ignored() {
        let bytes = rfc4475("escruri");
        let message = accepted(&bytes);
        assert!(!message.contains(HeaderName::Route));
        let forwarded = Request::of(&message).unwrap().to_bytes();
        assert!(forwarded.starts_with(b"INVITE sip:user@example.com SIP/2.0\r\n"));
    }

    #[test]
    fn baddate_other_zone_costs_only_the_date() {
        let bytes = rfc4475("baddate");
        assert_eq!(accepted(&bytes).date(), Some(Err(InvalidDate::Zone)));
    }

    #[test]
    fn regbadct_brackets_are_inferred() {
        let bytes = rfc4475("regbadct");
        let contact = only_contact(&accepted(&bytes)).address().unwrap();
        assert_eq!(contact.uri.header("route").unwrap(), "<sip:sip.example.com>");
    }

    #[test]
    fn badaspec_spaces_inside_the_brackets_are_ignored() {
        let bytes = rfc4475("badaspec");
        assert_eq!(accepted(&bytes).to().uri.as_str(), "sip:t.watson@example.org");
    }

    #[test]
    fn baddn_comma_in_an_unquoted_display_name() {
        refused("baddn", StatusCode::BAD_REQUEST, Fault::Malformed("From"));
    }

    #[test]
    fn badvers_unknown_version() {
        refused("badvers", StatusCode::VERSION_NOT_SUPPORTED, Fault::Version);
    }

    #[test]
    fn mismatch01_cseq_names_another_method() {
        refused("mismatch01", StatusCode::BAD_REQUEST, Fault::MethodMismatch);
    }

    #[test]
    fn mismatch02_unknown_method_and_cseq_of_another() {
        refused("mismatch02", StatusCode::BAD_REQUEST, Fault::MethodMismatch);
    }

    #[test]
    fn bigcode_overlarge_status_code() {
        dropped("bigcode", Fault::Malformed("Status-Line"));
    }
}

mod transaction {
    use super::*;

    #[test]
    fn badbranch_cookie_alone_names_no_transaction() {
        let bytes = rfc4475("badbranch");
        assert!(!accepted(&bytes).via().has_magic_cookie());
    }
}

mod application {
    use super::*;

    #[test]
    fn insuf_missing_fields_are_answered_with_what_is_there() {
        let refusal = refused("insuf", StatusCode::BAD_REQUEST, Fault::Missing("From"));
        let response = refusal.response("t").unwrap();
        assert_eq!((&response.headers).text(HeaderName::CSeq), Some("193942 INVITE"));
        assert!(!response.headers.has(HeaderName::CallId));
    }

    #[test]
    fn unkscm_unknown_scheme() {
        unserved("unkscm", StatusCode::UNSUPPORTED_URI_SCHEME);
    }

    #[test]
    fn novelsc_atypical_scheme() {
        unserved("novelsc", StatusCode::UNSUPPORTED_URI_SCHEME);
    }

    #[test]
    fn unksm2_unknown_schemes_in_fields_are_kept() {
        let bytes = rfc4475("unksm2");
        let message = served(&bytes);
        assert_eq!(message.to().uri.as_str(), "isbn:2983792873");
        assert_eq!(message.from().uri.as_str(), "http://www.example.com");
        assert_eq!(only_contact(&message).address().unwrap().uri.scheme(), Scheme::Other);
    }

    #[test]
    fn bext01_unknown_extensions_are_named() {
        let refusal = unserved("bext01", StatusCode::BAD_EXTENSION);
        let response = refusal.response("t").unwrap();
        let unsupported: Vec<_> = (&response.headers).tokens(HeaderName::Unsupported).collect();
        assert_eq!(unsupported, ["nothingSupportsThis", "nothingSupportsThisEither"]);
    }

    #[test]
    fn invut_unknown_content_type() {
        let refusal = unserved("invut", StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert_eq!((&refusal.response("t").unwrap().headers).text(HeaderName::Accept), Some("application/sdp"));
    }

    #[test]
    fn regaut01_unknown_scheme_of_authorization_is_no_digest() {
        let bytes = rfc4475("regaut01");
        let message = served(&bytes);
        let credentials = message.credentials(HeaderName::Authorization).next().unwrap().unwrap();
        assert_eq!(credentials.scheme, "NoOneKnowsThisScheme");
        assert!(!credentials.is_digest());
    }

    #[test]
    fn multi01_several_values_where_one_is_allowed() {
        refused("multi01", StatusCode::BAD_REQUEST, Fault::Repeated("CSeq"));
    }

    #[test]
    fn mcl01_several_content_lengths() {
        refused("mcl01", StatusCode::BAD_REQUEST, Fault::Repeated("Content-Length"));
    }

    #[test]
    fn bcast_response_for_somebody_else_is_dropped() {
        let bytes = rfc4475("bcast");
        let refusal = phone().check(&accepted(&bytes)).unwrap_err();
        assert_eq!(refusal.fault, Fault::Misrouted);
        assert!(refusal.is_silent());
    }

    #[test]
    fn zeromf_last_hop_is_served() {
        let bytes = rfc4475("zeromf");
        assert_eq!(served(&bytes).max_forwards(), Some(0));
    }

    #[test]
    fn cparam01_parameter_of_the_contact() {
        let bytes = rfc4475("cparam01");
        let contact = only_contact(&served(&bytes)).address().unwrap();
        assert!(contact.params.has("unknownparam"));
        assert_eq!(contact.uri.as_str(), "sip:+19725552222@gw1.example.net");
    }

    #[test]
    fn cparam02_parameter_of_the_uri() {
        let bytes = rfc4475("cparam02");
        let contact = only_contact(&served(&bytes)).address().unwrap();
        assert!(contact.uri.params().has("unknownparam"));
        assert!(contact.params.is_empty());
    }

    #[test]
    fn regescrt_header_in_the_contact_uri_is_kept() {
        let bytes = rfc4475("regescrt");
        let contact = only_contact(&served(&bytes)).address().unwrap();
        assert_eq!(contact.uri.as_str(), "sip:user@example.com?Route=%3Csip:sip.example.com%3E");
    }

    #[test]
    fn sdp01_no_answer_would_be_accepted() {
        unserved("sdp01", StatusCode::NOT_ACCEPTABLE);
    }

    #[test]
    fn inv2543_old_syntax_is_served() {
        let bytes = rfc4475("inv2543");
        let message = served(&bytes);
        assert_eq!(message.from().tag(), None);
        assert_eq!(message.to().params.get("user"), Some("phone"));
        assert!(message.body().ends_with(b"RTP/AVP 0\r\n"));
        assert_eq!(message.address(HeaderName::RecordRoute).unwrap().uri.param("maddr"), Some("ss1.example.com"));
    }
}

mod ipv6 {
    use super::*;

    #[test]
    fn reference_in_uri_via_and_contact() {
        let bytes = rfc5118("ipv6-good");
        let message = served(&bytes);
        assert_eq!(request_host(&message), ip("2001:db8::10"));
        assert_eq!(message.via().host.ip(), ip("2001:db8::9:1"));
        assert_eq!(host(&only_contact(&message).address().unwrap()), ip("2001:db8::1"));
    }

    #[test]
    fn address_without_brackets() {
        let bytes = rfc5118("ipv6-bad");
        let refusal = Message::parse(&bytes).unwrap_err();
        assert_eq!((refusal.status, refusal.fault), (StatusCode::BAD_REQUEST, Fault::Malformed("Request-URI")));
        assert!(!refusal.is_silent());
    }

    #[test]
    fn port_inside_the_brackets_is_part_of_the_address() {
        let bytes = rfc5118("port-ambiguous");
        let message = served(&bytes);
        assert_eq!(request_host(&message), ip("2001:db8::10:5070"));
        assert_eq!(message.uri().unwrap().port(), None);
    }

    #[test]
    fn port_behind_the_brackets() {
        let bytes = rfc5118("port-unambiguous");
        let message = served(&bytes);
        assert_eq!(request_host(&message), ip("2001:db8::10"));
        assert_eq!(message.uri().unwrap().port(), Some(5070));
    }

    #[test]
    fn received_with_and_without_brackets() {
        for name in ["via-received-param-with-delim", "via-received-param-no-delim"] {
            let bytes = rfc5118(name);
            assert_eq!(served(&bytes).via().received(), ip("2001:db8::9:255"), "{name}");
        }
    }

    #[test]
    fn addresses_in_sdp_are_left_alone() {
        for (name, line) in [
            ("ipv6-in-sdp", "c=IN IP6 2001:db8::20\r\n"),
            ("mult-ip-in-sdp", "c=IN IP6 2001:db8::1\r\n"),
            ("ipv4-mapped-ipv6", "c=IN IP6 ::ffff:192.0.2.2\r\n"),
        ] {
            let bytes = rfc5118(name);
            let message = served(&bytes);
            assert!(str::from_utf8(message.body()).unwrap().contains(line), "{name}");
        }
    }

    #[test]
    fn both_families_in_one_via_list() {
        let bytes = rfc5118("mult-ip-in-header");
        let message = served(&bytes);
        let hosts: Vec<_> = message.vias().map(|via| via.unwrap().host.ip()).collect();
        assert_eq!(hosts, [ip("2001:db8::9:1"), ip("192.0.2.1"), ip("2001:db8::9:255")]);
        assert_eq!(message.via().port, Some(6050));
        assert_eq!(message.vias().last().unwrap().unwrap().received(), ip("192.0.2.200"));
    }

    #[test]
    fn mapped_addresses() {
        let bytes = rfc5118("ipv4-mapped-ipv6");
        let message = served(&bytes);
        assert_eq!(message.via().host.ip(), ip("::ffff:192.0.2.10"));
        assert_eq!(message.via().port, Some(19823));
        assert_eq!(host(&only_contact(&message).address().unwrap()), ip("::ffff:192.0.2.2"));
    }

    #[test]
    fn two_and_three_colons_are_the_same_address() {
        for name in ["ipv6-bug-abnf-3-colons", "ipv6-correct-abnf-2-colons"] {
            let bytes = rfc5118(name);
            assert_eq!(request_host(&served(&bytes)), ip("2001:db8::192.0.2.1"), "{name}");
        }
    }
}

#[test]
fn what_is_accepted_reads_the_same_when_it_is_sent_on() {
    for folder in ["rfc4475", "rfc5118"] {
        for entry in std::fs::read_dir(path(folder)).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            if let Ok(message) = Message::parse(&bytes) {
                bellbird_sip::fuzzing::check_stable(&message);
            }
        }
    }
}

fn path(folder: &str) -> String {
    format!("{}/tests/torture/{folder}", env!("CARGO_MANIFEST_DIR"))
}

fn rfc4475(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/{name}.dat", path("rfc4475"))).unwrap()
}

fn rfc5118(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/{name}.dat", path("rfc5118"))).unwrap()
}

/// A phone and registrar that knows nothing beyond the base and SDP.
fn phone() -> Capabilities {
    let methods = ["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "MESSAGE"];
    Capabilities {
        methods: methods.into_iter().map(|name| Method::new(name).unwrap()).collect(),
        schemes: vec![Scheme::Sip, Scheme::Sips, Scheme::Tel],
        extensions: Vec::new(),
        media_types: vec!["application/sdp".into()],
        opaque: Vec::new(),
    }
}

fn accepted(bytes: &[u8]) -> Message<'_> {
    Message::parse(bytes).unwrap()
}

/// Accepted by the parser and by the phone.
fn served(bytes: &[u8]) -> Message<'_> {
    let message = accepted(bytes);
    phone().check(&message).unwrap();
    message
}

/// Refused by the parser, with an answer.
fn refused(name: &str, status: StatusCode, fault: Fault) -> Refusal {
    let bytes = rfc4475(name);
    let refusal = Message::parse(&bytes).unwrap_err();
    assert_eq!((refusal.status, refusal.fault), (status, fault));
    let response = refusal.response("t").expect("an answer");
    assert_eq!(response.status, status);
    assert!(response.headers.has(HeaderName::Via));
    refusal
}

fn dropped(name: &str, fault: Fault) {
    let bytes = rfc4475(name);
    let refusal = Message::parse(&bytes).unwrap_err();
    assert_eq!(refusal.fault, fault);
    assert!(refusal.is_silent());
}

/// Accepted by the parser, refused by the phone.
fn unserved(name: &str, status: StatusCode) -> Refusal {
    let bytes = rfc4475(name);
    let refusal = phone().check(&accepted(&bytes)).unwrap_err();
    assert_eq!(refusal.status, status);
    assert!(refusal.response("t").is_some());
    refusal
}

fn only_contact<'a>(message: &Message<'a>) -> Contact<'a> {
    let contacts: Vec<_> = message.contacts().map(Result::unwrap).collect();
    assert_eq!(contacts.len(), 1);
    contacts[0]
}

fn ip(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

fn host(address: &NameAddr<'_>) -> Option<IpAddr> {
    address.uri.host().unwrap().ip()
}

fn request_host(message: &Message<'_>) -> Option<IpAddr> {
    message.uri().unwrap().host().unwrap().ip()
}
