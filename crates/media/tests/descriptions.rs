//! Properties of the SDP parser: what is written reads as it was meant, whatever it is.

use std::borrow::Cow;

use bellbird_media::sdp::{Attribute, Connection, CryptoAttribute, MasterKey, MediaDescription, SessionDescription};
use bellbird_media::srtp::Suite;
use proptest::prelude::*;

fn token() -> impl Strategy<Value = Cow<'static, str>> {
    "[a-zA-Z0-9._-]{1,12}".prop_map(Cow::Owned)
}

fn value() -> impl Strategy<Value = Cow<'static, str>> {
    "[!-~][ -~é€]{0,40}[!-~]".prop_map(Cow::Owned)
}

fn attribute() -> impl Strategy<Value = Attribute<'static>> {
    (token(), proptest::option::of(value())).prop_map(|(name, value)| Attribute { name, value })
}

fn connection() -> impl Strategy<Value = Connection<'static>> {
    prop_oneof![any::<[u8; 4]>().prop_map(Into::into), any::<[u8; 16]>().prop_map(Into::into)]
        .prop_map(|address: std::net::IpAddr| Connection::of(address))
}

prop_compose! {
    fn media()(
        kind in token(), port: u16, count in proptest::option::of(1_u16..9), protocol in token(),
        formats in proptest::collection::vec(token(), 0..6), connection in proptest::option::of(connection()),
        attributes in proptest::collection::vec(attribute(), 0..8), bandwidth in proptest::option::of(value()),
    ) -> MediaDescription<'static> {
        let other = bandwidth.map(|bandwidth| ('b', bandwidth)).into_iter().collect();
        MediaDescription { kind, port, port_count: count, protocol, formats, connection, other, attributes }
    }
}

prop_compose! {
    fn description()(
        name in value(), connection in proptest::option::of(connection()),
        attributes in proptest::collection::vec(attribute(), 0..4), media in proptest::collection::vec(media(), 0..4),
    ) -> SessionDescription<'static> {
        SessionDescription { origin: None, name, connection, other: vec![('t', "0 0".into())], attributes, media }
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_the_same(description in description()) {
        let written = description.to_string();
        prop_assert_eq!(SessionDescription::parse(&written), Ok(description));
    }

    #[test]
    fn any_text_is_read_or_refused_without_a_panic(text in "(?s).{0,300}") {
        bellbird_media::fuzzing::sdp(text.as_bytes());
    }

    #[test]
    fn lines_of_any_order_are_read_or_refused_without_a_panic(
        lines in proptest::collection::vec("[a-z]=[ -~]{0,30}", 0..30),
    ) {
        bellbird_media::fuzzing::sdp_exchange(lines.join("\n").as_bytes());
    }

    #[test]
    fn keys_come_back_as_written(number in 0_usize..6, bytes: [u8; 46], tag in 1_u32..1_000) {
        let suite = Suite::ALL[number];
        let key = MasterKey::new(suite, bytes[..suite.key_length() + suite.salt_length()].to_vec());
        let crypto = key.map(|key| CryptoAttribute::new(tag, key));
        prop_assert_eq!(crypto.as_ref().and_then(|crypto| CryptoAttribute::parse(&crypto.to_string())), crypto);
    }
}
