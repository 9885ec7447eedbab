//! Registrations and answered calls as documents of the storage. Only this file writes and reads them.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use bellbird_base::{Duration, Protocol};
use bellbird_contract::Timestamp;
use bellbird_contract::server::{CallRecord, ClientId, OrgId, TrunkId, UserId, VoipAccountId};
use bellbird_exchange::node::{MediaTag, SavedLeg, SavedSession};
use bellbird_exchange::registrar::{Binding, BindingId, BindingKey};
use bellbird_exchange::routing::{Call, Called, Caller, Purpose};
use bellbird_exchange::{KeptCall, Talk, TalkParty};
use bellbird_sip::agent::{Body, SavedCall, SavedSession as SavedTimer};
use bellbird_sip::uri::Uri;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ids::Local;
use crate::auth::TokenHash;
use crate::store;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BindingDocument {
    contact: String,
    path: Vec<String>,
    q: u16,
    instance: Option<String>,
    /// Where instance and flow number are the key.
    reg_id: Option<u32>,
    /// The key, where it is not that.
    contact_key: Option<String>,
    client: Option<ClientId>,
    protocol: String,
    local: SocketAddr,
    received: SocketAddr,
    call_id: String,
    cseq: u32,
    user_agent: Option<String>,
    since: Timestamp,
}

/// What tells a registration from the others of its account, in storage and in the API.
pub(crate) fn key(key: &BindingKey) -> String {
    let text = match key {
        BindingKey::Outbound { instance, reg_id } => format!("{instance} {reg_id}"),
        BindingKey::Contact(contact) => contact.clone(),
    };
    TokenHash::of(&text).0.chars().take(24).collect()
}

pub(crate) fn binding(binding: &Binding) -> Result<store::Binding, serde_json::Error> {
    let (reg_id, contact_key) = match &binding.id.key {
        BindingKey::Outbound { reg_id, .. } => (Some(*reg_id), None),
        BindingKey::Contact(key) => (None, Some(key.clone())),
    };
    let document = BindingDocument {
        contact: binding.contact.to_string(),
        path: binding.path.iter().map(ToString::to_string).collect(),
        q: binding.q,
        instance: binding.instance.clone(),
        reg_id,
        contact_key,
        client: binding.client.clone(),
        protocol: binding.protocol.via_name().to_owned(),
        local: binding.local,
        received: binding.received,
        call_id: binding.call_id.clone(),
        cseq: binding.cseq,
        user_agent: binding.user_agent.clone(),
        since: binding.since,
    };
    Ok(store::Binding {
        account: binding.id.account.outward(),
        key: key(&binding.id.key),
        expires: binding.expires,
        document: serde_json::to_value(document)?,
    })
}

/// A registration as it was; nothing where the document is not one of ours.
pub(crate) fn read_binding(org: OrgId, stored: store::Binding) -> Option<Binding> {
    let document: BindingDocument = serde_json::from_value(stored.document).ok()?;
    let contact = Uri::parse(&document.contact).ok()?;
    let key = match (document.reg_id, &document.instance, document.contact_key) {
        (Some(reg_id), Some(instance), _) => BindingKey::Outbound { instance: instance.clone(), reg_id },
        (_, _, Some(key)) => BindingKey::Contact(key),
        (_, _, None) => return None,
    };
    let account: VoipAccountId = stored.account.inward(org);
    Some(Binding {
        id: BindingId { account, key },
        organisation: org,
        path: document.path.iter().map(|uri| Uri::parse(uri).ok()).collect::<Option<_>>()?,
        contact,
        q: document.q,
        instance: document.instance,
        client: document.client,
        protocol: protocol(&document.protocol)?,
        local: document.local,
        received: document.received,
        flow: None,
        call_id: document.call_id,
        cseq: document.cseq,
        user_agent: document.user_agent,
        since: document.since,
        expires: stored.expires,
    })
}

fn protocol(name: &str) -> Option<Protocol> {
    [Protocol::Udp, Protocol::Tcp, Protocol::Tls, Protocol::Ws, Protocol::Wss]
        .into_iter()
        .find(|protocol| protocol.via_name() == name)
}

#[derive(Serialize, Deserialize)]
struct CallDocument {
    a: LegDocument,
    b: LegDocument,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record: Option<CallRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    talk: Option<TalkDocument>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TalkDocument {
    caller: CallerDocument,
    called: CalledDocument,
    withheld: bool,
    diversions: u32,
    users: BTreeSet<UserId>,
    started: Timestamp,
    answered: Timestamp,
    a: PartyDocument,
    b: PartyDocument,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
enum CallerDocument {
    Account { account: VoipAccountId, client: Option<ClientId> },
    User { user: UserId },
    Trunk { trunk: TrunkId, number: Option<String>, name: Option<String> },
    Stranger { name: Option<String> },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
enum CalledDocument {
    Dialled { number: String },
    User { user: UserId },
    Account { account: VoipAccountId },
}

#[derive(Serialize, Deserialize)]
struct PartyDocument {
    user: Option<UserId>,
    account: Option<VoipAccountId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client: Option<ClientId>,
    trunk: Option<TrunkId>,
    incoming: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LegDocument {
    media: u64,
    call_id: String,
    local: String,
    remote: String,
    local_cseq: u32,
    remote_cseq: Option<u32>,
    route_set: Vec<String>,
    remote_target: String,
    caller: bool,
    via_server: bool,
    peer_takes_update: bool,
    peer_knows_timer: bool,
    session: Option<TimerDocument>,
    local_description: Option<BodyDocument>,
    remote_description: Option<BodyDocument>,
    peer: Option<(String, SocketAddr)>,
}

#[derive(Serialize, Deserialize)]
struct TimerDocument {
    interval_millis: u64,
    ours: bool,
    left_millis: u64,
}

#[derive(Serialize, Deserialize)]
struct BodyDocument {
    content_type: String,
    text: String,
}

/// A call with what its record will say.
pub(crate) fn call(kept: &KeptCall, record: Option<CallRecord>) -> Result<Value, serde_json::Error> {
    let KeptCall { saved, talk, .. } = kept;
    serde_json::to_value(CallDocument { a: leg(&saved.a), b: leg(&saved.b), record, talk: talk.as_ref().map(of_talk) })
}

/// A call as it was, and its record so far; nothing where the document is not one of ours.
pub(crate) fn read_call(organisation: OrgId, document: Value) -> Option<(KeptCall, Option<CallRecord>)> {
    let CallDocument { a, b, record, talk } = serde_json::from_value(document).ok()?;
    let saved = SavedSession { a: read_leg(a)?, b: read_leg(b)? };
    Some((KeptCall { organisation, saved, talk: talk.map(|talk| read_talk(organisation, talk)) }, record))
}

fn of_talk(talk: &Talk) -> TalkDocument {
    let Call { caller, called, withheld, diversions, .. } = talk.call.clone();
    TalkDocument {
        caller: match caller {
            // The device that called is not rung itself: that was at the beginning.
            Caller::Account { account, client, .. } => CallerDocument::Account { account: account.outward(), client },
            Caller::User(user) => CallerDocument::User { user: user.outward() },
            Caller::Trunk { trunk, number, name } => CallerDocument::Trunk { trunk: trunk.outward(), number, name },
            Caller::Stranger { name } => CallerDocument::Stranger { name },
        },
        called: match called {
            Called::Dialled(number) => CalledDocument::Dialled { number },
            Called::User(user) => CalledDocument::User { user: user.outward() },
            Called::Account(account) => CalledDocument::Account { account: account.outward() },
        },
        withheld,
        diversions,
        users: talk.users.iter().map(|user| user.outward()).collect(),
        started: talk.started,
        answered: talk.answered,
        a: party(&talk.a),
        b: party(&talk.b),
    }
}

fn read_talk(org: OrgId, talk: TalkDocument) -> Talk {
    let caller = match talk.caller {
        CallerDocument::Account { account, client } => {
            Caller::Account { account: account.inward(org), client, binding: None }
        }
        CallerDocument::User { user } => Caller::User(user.inward(org)),
        CallerDocument::Trunk { trunk, number, name } => Caller::Trunk { trunk: trunk.inward(org), number, name },
        CallerDocument::Stranger { name } => Caller::Stranger { name },
    };
    let called = match talk.called {
        CalledDocument::Dialled { number } => Called::Dialled(number),
        CalledDocument::User { user } => Called::User(user.inward(org)),
        CalledDocument::Account { account } => Called::Account(account.inward(org)),
    };
    let (withheld, diversions) = (talk.withheld, talk.diversions);
    Talk {
        call: Call { caller, called, withheld, purpose: Purpose::Call, diversions },
        users: talk.users.into_iter().map(|user| user.inward(org)).collect(),
        started: talk.started,
        answered: talk.answered,
        a: read_party(org, talk.a),
        b: read_party(org, talk.b),
    }
}

fn party(party: &TalkParty) -> PartyDocument {
    PartyDocument {
        user: party.user.map(Local::outward),
        account: party.account.map(Local::outward),
        client: party.client.clone(),
        trunk: party.trunk.map(Local::outward),
        incoming: party.incoming,
    }
}

fn read_party(org: OrgId, party: PartyDocument) -> TalkParty {
    TalkParty {
        user: party.user.map(|user| user.inward(org)),
        account: party.account.map(|account| account.inward(org)),
        client: party.client,
        trunk: party.trunk.map(|trunk| trunk.inward(org)),
        incoming: party.incoming,
    }
}

fn leg(leg: &SavedLeg) -> LegDocument {
    let call = leg.call.clone();
    LegDocument {
        media: leg.media.0,
        call_id: call.call_id,
        local: call.local,
        remote: call.remote,
        local_cseq: call.local_cseq,
        remote_cseq: call.remote_cseq,
        route_set: call.route_set,
        remote_target: call.remote_target,
        caller: call.caller,
        via_server: call.via_server,
        peer_takes_update: call.peer_takes_update,
        peer_knows_timer: call.peer_knows_timer,
        session: call.session.map(|timer| TimerDocument {
            interval_millis: millis(timer.interval),
            ours: timer.ours,
            left_millis: millis(timer.left),
        }),
        local_description: call.local_description.map(body),
        remote_description: call.remote_description.map(body),
        peer: call.peer.map(|(protocol, address)| (protocol.via_name().to_owned(), address)),
    }
}

fn read_leg(leg: LegDocument) -> Option<SavedLeg> {
    let peer = match leg.peer {
        Some((name, address)) => Some((protocol(&name)?, address)),
        None => None,
    };
    let call = SavedCall {
        call_id: leg.call_id,
        local: leg.local,
        remote: leg.remote,
        local_cseq: leg.local_cseq,
        remote_cseq: leg.remote_cseq,
        route_set: leg.route_set,
        remote_target: leg.remote_target,
        caller: leg.caller,
        via_server: leg.via_server,
        peer_takes_update: leg.peer_takes_update,
        peer_knows_timer: leg.peer_knows_timer,
        session: leg.session.map(|timer| SavedTimer {
            interval: Duration::from_millis(timer.interval_millis),
            ours: timer.ours,
            left: Duration::from_millis(timer.left_millis),
        }),
        local_description: leg.local_description.map(|body| Body::new(body.content_type, body.text)),
        remote_description: leg.remote_description.map(|body| Body::new(body.content_type, body.text)),
        peer,
    };
    Some(SavedLeg { call, media: MediaTag(leg.media) })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn body(body: Body) -> BodyDocument {
    BodyDocument { text: String::from_utf8_lossy(&body.bytes).into_owned(), content_type: body.content_type }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registration(key: BindingKey) -> Binding {
        Binding {
            id: BindingId { account: VoipAccountId(4).inward(OrgId(2)), key },
            organisation: OrgId(2),
            contact: Uri::parse("sip:203@192.0.2.7:5061;ob").unwrap(),
            path: vec![Uri::parse("sip:edge.example;lr").unwrap()],
            q: 1000,
            instance: Some("urn:uuid:1".into()),
            client: None,
            protocol: Protocol::Tls,
            local: "192.0.2.1:5061".parse().unwrap(),
            received: "203.0.113.9:40000".parse().unwrap(),
            flow: None,
            call_id: "abc".into(),
            cseq: 7,
            user_agent: Some("Snom".into()),
            since: Timestamp(5),
            expires: Timestamp(9),
        }
    }

    #[test]
    fn a_registration_comes_back_as_it_was() {
        let outbound = BindingKey::Outbound { instance: "urn:uuid:1".into(), reg_id: 1 };
        let before = registration(outbound);
        let stored = binding(&before).unwrap();
        assert_eq!(stored.account, VoipAccountId(4));
        assert_eq!(read_binding(OrgId(2), stored), Some(before));
        let before = registration(BindingKey::Contact("sip:203@192.0.2.7:5061".into()));
        assert_eq!(read_binding(OrgId(2), binding(&before).unwrap()), Some(before));
    }

    #[test]
    fn keys_of_two_flows_of_a_device_differ() {
        let of = |reg_id| key(&BindingKey::Outbound { instance: "urn:uuid:1".into(), reg_id });
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn a_call_comes_back_as_it_was() {
        let leg = |media, caller| SavedLeg {
            media: MediaTag(media),
            call: SavedCall {
                call_id: "c1".into(),
                local: "<sip:a@x>;tag=1".into(),
                remote: "<sip:b@x>;tag=2".into(),
                local_cseq: 3,
                remote_cseq: Some(4),
                route_set: vec!["sip:p;lr".into()],
                remote_target: "sip:b@192.0.2.9".into(),
                caller,
                via_server: false,
                peer_takes_update: true,
                peer_knows_timer: true,
                session: Some(SavedTimer {
                    interval: Duration::from_secs(1800),
                    ours: true,
                    left: Duration::from_secs(9),
                }),
                local_description: Some(Body::sdp("v=0\r\n")),
                remote_description: None,
                peer: Some((Protocol::Udp, "192.0.2.9:5060".parse().unwrap())),
            },
        };
        let saved = SavedSession { a: leg(8, false), b: leg(16, true) };
        for talk in [None, Some(talk(OrgId(2)))] {
            let before = KeptCall { organisation: OrgId(2), saved: saved.clone(), talk };
            assert_eq!(read_call(OrgId(2), call(&before, None).unwrap()), Some((before, None)));
        }
    }

    fn talk(org: OrgId) -> Talk {
        let (user, account, trunk) = (UserId(3).inward(org), VoipAccountId(4).inward(org), TrunkId(5).inward(org));
        let caller = Caller::Trunk { trunk, number: Some("+31612345678".into()), name: None };
        Talk {
            call: Call { caller, called: Called::User(user), withheld: true, purpose: Purpose::Call, diversions: 2 },
            users: [user].into(),
            started: Timestamp(5),
            answered: Timestamp(7),
            a: TalkParty { user: None, account: None, client: None, trunk: Some(trunk), incoming: false },
            b: TalkParty {
                user: Some(user),
                account: Some(account),
                client: Some("laptop".into()),
                trunk: None,
                incoming: true,
            },
        }
    }

    #[test]
    fn documents_of_others_are_left_alone() {
        assert_eq!(read_call(OrgId(2), serde_json::json!({ "a": 1 })), None);
    }
}
