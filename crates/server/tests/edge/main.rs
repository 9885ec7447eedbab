//! The SIP side on real sockets: phones register, call each other through it, and are held back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm, unreachable_pub)]

mod care;
mod phone;

use std::net::SocketAddr;
use std::sync::Arc;

use bellbird_base::Protocol;
use bellbird_contract::server::{
    CallMethod, CallOutcome, CallProgressState, Cause, ClientDescription, ClientId, DndSource, OrgId, RecordQuery,
    UserId, VoipAccountId,
};
use bellbird_server::auth::{TokenHash, sip_digests};
use bellbird_server::config::Sip;
use bellbird_server::demo::{self, DOMAIN, SIP_SECRET};
use bellbird_server::domain::{Actor, Change, now};
use bellbird_server::edge::{CallOrder, Edge as _, EdgeConfig, SipEdge};
use bellbird_server::store::{NewClient, Published, Store};
use phone::{PATIENCE, Phone, sound_of};
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;
use tokio::time::timeout;

/// The demo's shop with the SIP side on loopback.
struct Shop {
    store: Store,
    org: OrgId,
    edge: SipEdge,
    listening: Vec<(Protocol, SocketAddr)>,
    changes: Receiver<Arc<Published>>,
    _folder: TempDir,
}

/// Each test has ports of its own for sound: they run at the same time.
fn config(listen: &[String], media_ports: u16) -> EdgeConfig {
    let sip = Sip { listen: listen.to_vec(), ..Sip::default() };
    EdgeConfig { media_ports: (media_ports, media_ports + 198), ..EdgeConfig::new(&sip).unwrap() }
}

impl Shop {
    async fn open(media_ports: u16) -> Self {
        // Shown where a test fails; only the first test of a run sets it up.
        tracing_subscriber::fmt().with_test_writer().with_max_level(tracing::Level::WARN).try_init().ok();
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = Store::open_sqlite(folder.path()).unwrap();
        demo::seed(&store).await.unwrap();
        let org = store.organisations().await.unwrap()[0].id;
        let listen = ["udp://127.0.0.1:0".to_owned(), "tcp://127.0.0.1:0".to_owned()];
        let (edge, listening) = SipEdge::start(config(&listen, media_ports), store.clone()).await.unwrap();
        let changes = store.subscribe();
        Self { store, org, edge, listening, changes, _folder: folder }
    }

    /// Stops the SIP side, and starts it again where it was.
    async fn restart(self, media_ports: u16) -> Self {
        let Self { store, org, edge, listening, changes: _, _folder } = self;
        drop(edge);
        let udp = listening[0].1;
        let free = async {
            let taken = |address: SocketAddr| std::net::UdpSocket::bind(address).is_err();
            let sound = |port| SocketAddr::from(([0, 0, 0, 0], port));
            while taken(udp) || (media_ports..media_ports + 8).any(|port| taken(sound(port))) {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, free).await.expect("the socket closes");
        let (edge, listening) =
            SipEdge::start(config(&[format!("udp://{udp}")], media_ports), store.clone()).await.unwrap();
        let changes = store.subscribe();
        Self { store, org, edge, listening, changes, _folder }
    }

    async fn desk_phone(&self, number: &str) -> Phone {
        let login = format!("v{number}-demo");
        Phone::register(self.listening[0], &login, &login, SIP_SECRET).await
    }

    async fn app(&self, extension: &str) -> Phone {
        let user = self.user(extension).await;
        let (login, secret) = (format!("app-{extension}"), "secret");
        let description =
            ClientDescription { id: None, name: "Test".into(), web: false, version: "1".into(), protocol: 1 };
        let new = NewClient {
            user,
            id: ClientId(format!("00000000-0000-4000-8000-000000000{extension}")),
            description,
            token: TokenHash::of(&login),
            token_id: login.clone(),
            auth_name: login.clone(),
            ha1: sip_digests(&login, DOMAIN, secret).sha256,
        };
        let actor = Actor::server(self.org, now());
        self.store.log_in_client(&actor, new, "127.0.0.1".into()).await.unwrap();
        let revision = self.store.revision(self.org).await.unwrap();
        self.edge.caught_up(self.org, revision).await;
        Phone::register(self.listening[1], extension, &login, secret).await
    }

    async fn user(&self, extension: &str) -> UserId {
        let users = self.store.users(self.org).await.unwrap();
        users.iter().find(|user| user.extension.as_deref() == Some(extension)).unwrap().id
    }

    async fn account(&self, number: &str) -> VoipAccountId {
        let accounts = self.store.accounts(self.org).await.unwrap();
        accounts.iter().find(|account| account.number == number).unwrap().id
    }

    /// Waits for a change.
    async fn hears(&mut self, wanted: impl Fn(&Change) -> bool) {
        let search = async { while !wanted(&self.changes.recv().await.unwrap().change) {} };
        timeout(PATIENCE, search).await.expect("a change in time");
    }

    async fn last_record(&mut self) -> bellbird_contract::server::CallRecord {
        self.hears(|change| matches!(change, Change::Record { .. })).await;
        let records = self.store.records(self.org, RecordQuery::default()).await.unwrap();
        self.store.record(self.org, records[0].id.clone()).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_rings_is_answered_carries_sound_and_is_recorded() {
    let mut shop = Shop::open(43_000).await;
    let (mut priya, mut daan) = (shop.desk_phone("206").await, shop.desk_phone("240").await);
    let user = shop.user("607").await;
    assert!(shop.edge.phones(shop.org, user).registered);
    priya.call("607");
    let (ringing, offer) = daan.is_called().await;
    daan.answer(ringing);
    let (call, answer) = priya.is_answered().await;
    let (to_daan, to_priya) = (sound_of(&answer), sound_of(&offer.unwrap()));
    assert_ne!(to_daan, daan.sound.local_addr().unwrap());
    priya.says(to_daan, b"hello");
    assert_eq!(daan.listens(), b"hello");
    daan.says(to_priya, b"good morning");
    assert_eq!(priya.listens(), b"good morning");
    assert!(shop.edge.phones(shop.org, user).on_call.is_some());
    priya.hang_up(call);
    let record = shop.last_record().await;
    assert_eq!((record.outcome, record.dialled.as_str()), (CallOutcome::Answered, "607"));
    assert_eq!(record.from.number, "606");
    assert!(record.why.iter().any(|reason| reason.rang && reason.cause == Cause::Answered), "{:?}", record.why);
}

#[tokio::test(flavor = "multi_thread")]
async fn do_not_disturb_holds_back_what_rings_and_is_told_in_the_record() {
    let mut shop = Shop::open(43_200).await;
    let (mut priya, mut daan) = (shop.desk_phone("206").await, shop.desk_phone("240").await);
    let user = shop.user("607").await;
    let actor = Actor::server(shop.org, now());
    shop.changes = shop.store.subscribe();
    shop.store.act_dnd(&actor, user, true, None, DndSource::Portal { user }).await.unwrap();
    // The exchange has taken it in once it tells his presence.
    shop.hears(|change| *change == Change::Presence { user }).await;
    priya.call("607");
    assert_eq!(priya.is_refused().await, Some(480));
    let record = shop.last_record().await;
    assert_eq!(record.outcome, CallOutcome::HeldBack);
    assert!(record.why.iter().all(|reason| !reason.rang), "{:?}", record.why);
    assert!(!daan.was_called());
}

/// A call's record is stored as well, and changes nothing for calls: who waits to go by it does not wait in vain.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_directory_that_does_not_come() {
    let mut shop = Shop::open(43_300).await;
    let mut priya = shop.desk_phone("206").await;
    let reached = shop.store.revision(shop.org).await.unwrap();
    priya.call("607");
    priya.is_refused().await;
    shop.last_record().await;
    let revision = shop.store.revision(shop.org).await.unwrap();
    assert!(revision > reached);
    // Waiting in vain takes three seconds.
    let short = std::time::Duration::from_millis(1_500);
    timeout(short, shop.edge.caught_up(shop.org, revision)).await.expect("it is reached");
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_calls_are_turned_off_gets_403() {
    let mut shop = Shop::open(43_400).await;
    let mut tom = shop.app("603").await;
    tom.call("607");
    assert_eq!(tom.is_refused().await, Some(403));
    let record = shop.last_record().await;
    assert_eq!(record.outcome, CallOutcome::Refused);
    assert!(record.why.iter().any(|reason| reason.cause == Cause::MakingCallsOff), "{:?}", record.why);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_can_be_tested_and_taken_away() {
    let shop = Shop::open(43_600).await;
    let _daan = shop.desk_phone("240").await;
    let account = shop.account("240").await;
    let test = shop.edge.sip_test(shop.org, account).await;
    assert_eq!(test.answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [Some(200)]);
    let id = shop.edge.registrations(shop.org, account)[0].id.clone();
    assert!(shop.edge.remove_registration(shop.org, account, id.clone()).await);
    assert!(!shop.edge.remove_registration(shop.org, account, id).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_by_desk_phone_rings_it_first_and_then_the_other_side() {
    let mut shop = Shop::open(43_800).await;
    let (mut priya, mut daan) = (shop.desk_phone("206").await, shop.desk_phone("240").await);
    let user = shop.user("607").await;
    let order = CallOrder { user, target: "606".into(), method: CallMethod::DeskPhone, withhold_number: false };
    let begun = shop.edge.start_call(shop.org, order).await.unwrap();
    assert_eq!(begun.state, CallProgressState::RingingYou);
    let (own, _) = daan.is_called().await;
    daan.answer(own);
    let (other, _) = priya.is_called().await;
    priya.answer(other);
    shop.hears(
        |change| matches!(change, Change::CallProgress { call, .. } if call.state == CallProgressState::Talking),
    )
    .await;
    assert_eq!(shop.edge.calls(shop.org, user)[0].state, CallProgressState::Talking);
    assert!(shop.edge.cancel_call(shop.org, user, &begun.id).await);
    shop.hears(|change| {
        matches!(change, Change::CallProgress { call, .. } if matches!(call.state, CallProgressState::Ended { .. }))
    })
    .await;
    assert!(!shop.edge.cancel_call(shop.org, user, &begun.id).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn registrations_and_the_sound_of_calls_survive_a_restart() {
    let mut shop = Shop::open(44_000).await;
    let (mut priya, mut daan) = (shop.desk_phone("206").await, shop.desk_phone("240").await);
    priya.call("607");
    let (ringing, offer) = daan.is_called().await;
    daan.answer(ringing);
    let (_, answer) = priya.is_answered().await;
    let (to_daan, to_priya) = (sound_of(&answer), sound_of(&offer.unwrap()));
    let user = shop.user("607").await;
    let stored = async {
        while shop.store.confirmed_calls(shop.org).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, stored).await.expect("the call is kept");
    shop = shop.restart(44_000).await;
    assert!(shop.edge.phones(shop.org, user).registered);
    priya.says(to_daan, b"still here");
    assert_eq!(daan.listens(), b"still here");
    daan.says(to_priya, b"so am I");
    assert_eq!(priya.listens(), b"so am I");
    // A device that is known by its registration of before can be called.
    let linda = shop.desk_phone("203").await;
    linda.call("240");
    daan.is_called().await;
}
