use bellbird_base::{FlowId, FlowInfo, Protocol};
use bellbird_sip::message::{Fields, HeaderName, Message, Request};

use super::*;

const ACCOUNT: VoipAccountId = VoipAccountId(7);
const NOW: Timestamp = Timestamp(1_000_000);

fn at(seconds: u64) -> Timestamp {
    Timestamp(NOW.0 + seconds * 1000)
}

fn request(cseq: u32, fields: &[&str]) -> Request {
    let text = format!(
        "REGISTER sip:office.example SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.5;branch=z9hG4bK{cseq}\r\n\
         From: <sip:203@office.example>;tag=1\r\nTo: <sip:203@office.example>\r\nCall-ID: one\r\n\
         CSeq: {cseq} REGISTER\r\n{}\r\n\r\n",
        fields.join("\r\n")
    );
    Request::of(&Message::parse(text.as_bytes()).unwrap()).unwrap()
}

fn register_over(registrar: &mut Registrar, now: Timestamp, flow: FlowId, cseq: u32, fields: &[&str]) -> Registered {
    let protocol = if flow == FlowId(9) { Protocol::Tls } else { Protocol::Udp };
    let via =
        FlowInfo { protocol, local: "192.0.2.1:5060".parse().unwrap(), remote: "198.51.100.7:40000".parse().unwrap() };
    let request = request(cseq, fields);
    let (organisation, client) = (OrgId(1), None);
    registrar.register(now, &Register { request: &request, flow, via, organisation, account: ACCOUNT, client })
}

fn register(registrar: &mut Registrar, now: Timestamp, cseq: u32, fields: &[&str]) -> Registered {
    register_over(registrar, now, FlowId(1), cseq, fields)
}

fn contacts(registered: &Registered) -> Vec<(String, u32)> {
    let all = (&registered.reply.headers).contacts();
    all.flatten()
        .map(|contact| (contact.address().unwrap().uri.as_str().to_owned(), contact.expires().unwrap()))
        .collect()
}

#[test]
fn a_binding_answers_to_where_it_came_from() {
    let mut registrar = Registrar::default();
    let registered = register(&mut registrar, NOW, 1, &["Contact: <sip:203@10.0.0.5>", "Expires: 120"]);
    assert_eq!(contacts(&registered), [("sip:203@10.0.0.5".to_owned(), 120)]);
    let binding = registrar.of(ACCOUNT).next().unwrap();
    assert_eq!(binding.received, "198.51.100.7:40000".parse().unwrap());
    assert_eq!((binding.flow, binding.expires), (Some(FlowId(1)), at(120)));
    assert_eq!(registered.changes, [Change::Saved(Box::new(binding.clone()))]);
}

#[test]
fn several_contacts_ring_each_and_a_query_tells_them() {
    let mut registrar = Registrar::default();
    let two = "Contact: <sip:a@10.0.0.5>;expires=60, <sip:b@10.0.0.6>;expires=90;q=0.5";
    register(&mut registrar, NOW, 1, &[two]);
    let told = register(&mut registrar, at(10), 2, &[]);
    assert_eq!(contacts(&told), [("sip:a@10.0.0.5".to_owned(), 50), ("sip:b@10.0.0.6".to_owned(), 80)]);
    assert!(told.changes.is_empty());
    assert_eq!(registrar.reachable(ACCOUNT).len(), 2);
    assert_eq!(registrar.of(ACCOUNT).nth(1).unwrap().q, 500);
}

#[test]
fn too_short_a_lifetime_is_refused_and_too_long_a_one_cut() {
    let mut registrar = Registrar::default();
    let refused = register(&mut registrar, NOW, 1, &["Contact: <sip:a@h>;expires=59"]);
    assert_eq!(refused.reply.status.code(), 423);
    assert_eq!((&refused.reply.headers).number(HeaderName::MinExpires), Some(60));
    assert!(registrar.is_empty());
    let cut = register(&mut registrar, NOW, 2, &["Contact: <sip:a@h>", "Expires: 2147483647"]);
    assert_eq!(contacts(&cut)[0].1, 3600);
}

#[test]
fn star_removes_all_and_only_with_nothing_beside_it() {
    let mut registrar = Registrar::default();
    register(&mut registrar, NOW, 1, &["Contact: <sip:a@h>, <sip:b@h>"]);
    for wrong in [&["Contact: *"][..], &["Contact: *", "Expires: 60"], &["Contact: *, <sip:a@h>", "Expires: 0"]] {
        assert_eq!(register(&mut registrar, NOW, 2, wrong).reply.status.code(), 400);
    }
    assert_eq!(registrar.len(), 2);
    let removed = register(&mut registrar, NOW, 3, &["Contact: *", "Expires: 0"]);
    assert_eq!((removed.reply.status.code(), removed.changes.len(), registrar.len()), (200, 2, 0));
}

#[test]
fn an_overtaken_register_changes_nothing() {
    let mut registrar = Registrar::default();
    register(&mut registrar, NOW, 5, &["Contact: <sip:a@h>"]);
    let late = register(&mut registrar, NOW, 4, &["Contact: <sip:a@h>;expires=0"]);
    assert_eq!((late.reply.status.code(), registrar.len()), (500, 1));
}

#[test]
fn outbound_flows_of_one_device_replace_themselves_and_stand_beside_others() {
    let mut registrar = Registrar::default();
    let contact = |port: u16, reg_id: u32| {
        format!("Contact: <sip:a@10.0.0.5:{port}>;+sip.instance=\"<urn:uuid:AB>\";reg-id={reg_id}")
    };
    let supported = "Supported: outbound, path";
    let first = register(&mut registrar, NOW, 1, &[&contact(1, 1), supported]);
    assert!((&first.reply.headers).has_token(HeaderName::Require, "outbound"));
    register_over(&mut registrar, NOW, FlowId(2), 2, &[&contact(2, 2), supported]);
    register_over(&mut registrar, NOW, FlowId(3), 3, &[&contact(3, 1), supported]);
    let flows: Vec<_> = registrar.of(ACCOUNT).map(|binding| binding.flow.unwrap().0).collect();
    assert_eq!(flows, [3, 2]);
    assert!(!registrar.uses_flow(FlowId(1)));
}

#[test]
fn a_restarted_device_without_outbound_leaves_no_double_behind() {
    let mut registrar = Registrar::default();
    register(&mut registrar, NOW, 1, &["Contact: <sip:a@10.0.0.5:1111>;+sip.instance=\"<urn:uuid:1>\""]);
    let again = register(&mut registrar, NOW, 2, &["Contact: <sip:a@10.0.0.5:2222>;+sip.instance=\"<urn:uuid:1>\""]);
    assert_eq!(registrar.len(), 1);
    assert!(matches!(again.changes[..], [Change::Removed(_), Change::Saved(_)]));
}

#[test]
fn path_is_kept_and_told_back() {
    let mut registrar = Registrar::default();
    let fields = ["Contact: <sip:a@h>", "Path: <sip:edge1.example;lr>, <sip:edge2.example;lr>", "Supported: path"];
    let registered = register(&mut registrar, NOW, 1, &fields);
    assert_eq!(registrar.of(ACCOUNT).next().unwrap().path.len(), 2);
    assert_eq!((&registered.reply.headers).addresses(HeaderName::Path).count(), 2);
}

#[test]
fn expiry_takes_what_ended_and_tells_when_to_look_again() {
    let mut registrar = Registrar::default();
    register(&mut registrar, NOW, 1, &["Contact: <sip:a@h>;expires=60, <sip:b@h>;expires=120"]);
    assert_eq!(registrar.next_end(), Some(at(60)));
    assert!(registrar.expire(at(59)).is_empty());
    assert_eq!(registrar.expire(at(60)).len(), 1);
    assert_eq!((registrar.len(), registrar.next_end()), (1, Some(at(120))));
    register(&mut registrar, at(100), 2, &["Contact: <sip:b@h>;expires=600"]);
    assert!(registrar.expire(at(699)).is_empty());
    assert_eq!(registrar.expire(at(700)).len(), 1);
}

#[test]
fn a_broken_stream_makes_a_device_unreachable_and_datagrams_do_not() {
    let mut registrar = Registrar::default();
    register_over(&mut registrar, NOW, FlowId(9), 1, &["Contact: <sip:tls@h>"]);
    register_over(&mut registrar, NOW, FlowId(1), 2, &["Contact: <sip:udp@h>"]);
    assert_eq!(registrar.reachable(ACCOUNT).len(), 2);
    registrar.flow_closed(FlowId(9));
    registrar.flow_closed(FlowId(1));
    assert_eq!((registrar.reachable(ACCOUNT).len(), registrar.len()), (1, 2));
}

#[test]
fn restored_bindings_end_when_they_would_have_ended() {
    let mut registrar = Registrar::default();
    register(&mut registrar, NOW, 1, &["Contact: <sip:a@h>;expires=60"]);
    let stored = registrar.of(ACCOUNT).next().unwrap().clone();
    let mut second_life = Registrar::default();
    second_life.restore(stored);
    assert_eq!(second_life.reachable(ACCOUNT).len(), 1);
    assert_eq!(second_life.expire(at(60)).len(), 1);
}

#[test]
fn more_bindings_than_allowed_push_out_the_one_that_ends_first() {
    let mut registrar = Registrar::new(RegistrarConfig { max_bindings: 2, ..RegistrarConfig::default() });
    register(&mut registrar, NOW, 1, &["Contact: <sip:a@h>;expires=600, <sip:b@h>;expires=60"]);
    register(&mut registrar, NOW, 2, &["Contact: <sip:c@h>;expires=600"]);
    let left: Vec<_> = registrar.of(ACCOUNT).map(|binding| binding.contact.user().unwrap()).collect();
    assert_eq!(left, ["a", "c"]);
}

#[test]
fn what_is_no_sip_address_is_refused() {
    let mut registrar = Registrar::default();
    for contact in ["Contact: <tel:+31201234567>", "Contact: <mailto:a@b>"] {
        assert_eq!(register(&mut registrar, NOW, 1, &[contact]).reply.status.code(), 400, "{contact}");
    }
}

#[test]
fn a_device_that_comes_back_names_the_flow_that_it_came_over_before() {
    let mut registrar = Registrar::default();
    let contact = ["Contact: <sip:a@10.0.0.5>;+sip.instance=\"<urn:uuid:1>\";reg-id=1"];
    assert!(register_over(&mut registrar, NOW, FlowId(1), 1, &contact).former_flows.is_empty());
    assert!(register_over(&mut registrar, NOW, FlowId(1), 2, &contact).former_flows.is_empty());
    assert_eq!(register_over(&mut registrar, NOW, FlowId(9), 3, &contact).former_flows, [FlowId(1)].into());
    registrar.flow_closed(FlowId(9));
    assert_eq!(register_over(&mut registrar, NOW, FlowId(2), 4, &contact).former_flows, [FlowId(9)].into());
}
