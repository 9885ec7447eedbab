//! Every codec, transport and kind of encryption with speech in both directions, scored.

use std::time::Duration;

use bellbird_tests::{
    Account, Baresip, BaresipAccount, Bellbird, DOMAIN, Kamailio, Linphone, MediaEncryption, Stage, Transport, Wav,
};

use crate::talk::{Codec, G722, OPUS, PCMA, PCMU, Scene, WORDS, Words, listen, scored};

#[tokio::test]
async fn calls_baresip_in_opus_over_udp() {
    calls_baresip(Transport::Udp, &OPUS, None).await;
}

#[tokio::test]
async fn calls_baresip_in_g722_over_tcp() {
    calls_baresip(Transport::Tcp, &G722, None).await;
}

#[tokio::test]
async fn calls_baresip_in_pcmu_over_websocket() {
    calls_baresip(Transport::WebSocket, &PCMU, None).await;
}

#[tokio::test]
async fn calls_baresip_in_opus_over_tls_encrypted() {
    calls_baresip(Transport::Tls, &OPUS, Some(MediaEncryption::SdesRequired)).await;
}

#[tokio::test]
async fn is_called_by_baresip_in_opus_over_udp() {
    is_called_by_baresip(Transport::Udp, &OPUS, None).await;
}

#[tokio::test]
async fn is_called_by_baresip_in_pcma_over_tls_encrypted() {
    is_called_by_baresip(Transport::Tls, &PCMA, Some(MediaEncryption::SdesRequired)).await;
}

/// We offer AES-GCM first and baresip takes it; later baresip offers it itself, to hold the call and to go on.
#[tokio::test]
async fn sound_stays_encrypted_with_aes_gcm_over_a_hold() {
    let encryption = Some(MediaEncryption::SdesRequired);
    let mut scene = Scene::set(|kamailio| bob(kamailio, Transport::Tls, &OPUS, encryption)).await;
    let account = alice(&scene.kamailio, Transport::Tls, encryption);
    let target = format!("sip:bob@{DOMAIN}");
    let mut alice = scene.start(&account, &["call", &target], &["--codecs", "opus"]);
    scene.bob.established().await;
    alice.event("answered").await;
    scene.bob.command("hold", "").await;
    assert_eq!(alice.event("held").await["by"], "remote");
    scene.bob.command("resume", "").await;
    assert_eq!(alice.event("resumed").await["by"], "remote");
    listen(Duration::from_secs(3)).await;
    alice.type_line("hangup").await;
    let report = alice.event("report").await;
    // What was on its way while keys changed may be refused.
    assert!(report["rejected_packets"].as_u64() < Some(10), "all else was authentic: {report}");
    assert!(report["received_packets"].as_u64() > Some(100), "and there was a lot: {report}");
    assert_suite(&alice, AES_GCM);
    alice.succeeded().await;
    scene.bob.closed().await;
    let heard = Wav::read(alice.heard());
    let end = heard.seconds();
    assert!(heard.level_db(end - 1.8, end) > -45.0, "alice hears bob after the hold");
}

const AES_GCM: &str = "AEAD_AES_256_GCM";

fn assert_suite(phone: &Bellbird, suite: &str) {
    let media = phone.events("media");
    assert!(media.iter().all(|media| media["suite"] == suite) && !media.is_empty(), "{media:?}");
}

/// `a=crypto` in RTP/AVP, as desk phones do it.
#[tokio::test]
async fn is_called_by_baresip_with_keys_in_a_plain_offer() {
    is_called_by_baresip(Transport::Tls, &G722, Some(MediaEncryption::SdesOptional)).await;
}

#[tokio::test]
async fn is_called_by_baresip_in_pcmu_over_websocket() {
    is_called_by_baresip(Transport::WebSocket, &PCMU, None).await;
}

#[tokio::test]
async fn calls_linphone_in_opus() {
    scored(call_to_linphone).await;
}

async fn call_to_linphone() -> Result<(), String> {
    let stage = Stage::new().await;
    let words = Words::prepared().await.after(&stage, SETTLING).await;
    let kamailio = Kamailio::start(&stage).await;
    let mut carol = Linphone::start(&stage, &kamailio, Transport::Udp, "carol", OPUS.in_linphone, &words.far).await;
    let mut alice = Bellbird::start(
        &stage,
        &Account::at(&kamailio, Transport::Udp, "alice"),
        &["call", &format!("sip:carol@{DOMAIN}"), "--play", words.near_path(), "--no-audio-processing", "--for", "12"],
    );
    alice.event("answered").await;
    alice.succeeded().await;
    carol.quit().await;
    words.heard_well(&LINPHONE_OPUS, &carol.heard(), alice.heard()).await
}

#[tokio::test]
async fn is_called_by_linphone_in_pcma_over_tcp() {
    scored(call_from_linphone).await;
}

async fn call_from_linphone() -> Result<(), String> {
    let stage = Stage::new().await;
    let words = Words::prepared().await.after(&stage, SETTLING).await;
    let kamailio = Kamailio::start(&stage).await;
    let mut carol = Linphone::start(&stage, &kamailio, Transport::Tcp, "carol", PCMA.in_linphone, &words.far).await;
    let mut alice = Bellbird::start(
        &stage,
        &Account::at(&kamailio, Transport::Tcp, "alice"),
        &["answer", "--play", words.near_path(), "--no-audio-processing", "--for", "12"],
    );
    alice.event("registered").await;
    carol.call(&format!("sip:alice@{DOMAIN}")).await;
    let media = alice.event("media").await;
    assert_eq!(media["codec"], "pcma");
    alice.succeeded().await;
    carol.quit().await;
    words.heard_well(&LINPHONE_PCMA, &carol.heard(), alice.heard()).await
}

/// In its first second linphonec shortens what it plays by 10 ms, whoever sends.
const SETTLING: Duration = Duration::from_secs(2);

/// What linphonec hears of baresip and baresip of linphonec, which sends in steps of 10 ms.
const LINPHONE_OPUS: Codec = Codec { peers_own: (4.47, 4.20), ..OPUS };
const LINPHONE_PCMA: Codec = Codec { peers_own: (3.65, 3.85), ..PCMA };

async fn calls_baresip(transport: Transport, codec: &Codec, encryption: Option<MediaEncryption>) {
    scored(|| call_to_baresip(transport, codec, encryption)).await;
}

async fn call_to_baresip(
    transport: Transport,
    codec: &Codec,
    encryption: Option<MediaEncryption>,
) -> Result<(), String> {
    let mut scene = Scene::set(|kamailio| bob(kamailio, transport, codec, encryption)).await;
    let account = alice(&scene.kamailio, transport, encryption);
    let target = format!("sip:bob@{DOMAIN}");
    let mut alice = scene.start(&account, &["call", &target], &["--for", "10", "--codecs", codec.name]);
    scene.bob.established().await;
    assert_as_agreed(&mut alice, codec, encryption).await;
    if encryption == Some(MediaEncryption::SdesRequired) {
        assert_suite(&alice, AES_GCM);
    }
    scene.score(codec, alice).await
}

async fn is_called_by_baresip(transport: Transport, codec: &Codec, encryption: Option<MediaEncryption>) {
    scored(|| call_from_baresip(transport, codec, encryption)).await;
}

async fn call_from_baresip(
    transport: Transport,
    codec: &Codec,
    encryption: Option<MediaEncryption>,
) -> Result<(), String> {
    let mut scene = Scene::set(|kamailio| bob(kamailio, transport, codec, encryption)).await;
    let account = alice(&scene.kamailio, transport, encryption);
    let mut alice = scene.start(&account, &["answer"], &["--for", "10"]);
    alice.event("registered").await;
    scene.bob.dial(&format!("sip:alice@{DOMAIN}")).await;
    alice.event("incoming").await;
    assert_as_agreed(&mut alice, codec, encryption).await;
    scene.score(codec, alice).await
}

fn bob(
    kamailio: &Kamailio,
    transport: Transport,
    codec: &Codec,
    encryption: Option<MediaEncryption>,
) -> BaresipAccount {
    // baresip 1.0 knows no WebSocket: he comes over TCP then, and Kamailio stands between.
    let transport = if transport == Transport::WebSocket { Transport::Tcp } else { transport };
    BaresipAccount { encryption, ..BaresipAccount::at(kamailio, transport, "bob").codecs(&[codec.in_baresip]) }
}

fn alice(kamailio: &Kamailio, transport: Transport, encryption: Option<MediaEncryption>) -> Account {
    let srtp = match encryption {
        Some(MediaEncryption::SdesRequired) => "required",
        Some(MediaEncryption::SdesOptional) => "optional",
        None => "off",
    };
    Account::at(kamailio, transport, "alice").with("srtp", srtp)
}

async fn assert_as_agreed(alice: &mut Bellbird, codec: &Codec, encryption: Option<MediaEncryption>) {
    let report = alice.event_within("report", WORDS * 2).await;
    assert_eq!(report["codec"], codec.name);
    assert_eq!(report["lost_packets"].as_u64(), Some(0), "nothing is lost on loopback");
    assert!(report["received_packets"].as_u64() > Some(400), "ten seconds of sound were received");
    let media = alice.events("media");
    let last = media.last().expect("the sound was agreed on");
    assert_eq!(last["codec"], codec.name);
    assert_eq!(last["security"], if encryption.is_some() { "sdes" } else { "none" });
}

#[tokio::test]
async fn the_callee_chooses_from_what_both_have() {
    let codecs = ["PCMA/8000/1", "G722/16000/1"];
    let mut scene = Scene::set(|kamailio| BaresipAccount::at(kamailio, Transport::Udp, "bob").codecs(&codecs)).await;
    let mut alice = scene.alice_calls(&format!("sip:bob@{DOMAIN}"), &["--for", "1", "--codecs", "opus,g722,pcma"]);
    scene.bob.established().await;
    let media = alice.event("media").await;
    assert!(media["codec"] == "g722" || media["codec"] == "pcma", "{media}");
    alice.succeeded().await;
}

#[tokio::test]
async fn baresip_without_a_registrar_is_called_directly() {
    scored(call_without_registrar).await;
}

async fn call_without_registrar() -> Result<(), String> {
    let stage = Stage::new().await;
    let words = Words::prepared().await;
    let mut bob = Baresip::start(&stage, &BaresipAccount::alone("bob").codecs(&[PCMU.in_baresip]), &words.far).await;
    let target = format!("sip:bob@127.0.0.1:{}", bob.port);
    let mut alice = Bellbird::start(
        &stage,
        &Account::alone("alice"),
        &["call", &target, "--play", words.near_path(), "--no-audio-processing", "--for", "10"],
    );
    alice.event("answered").await;
    bob.established().await;
    alice.succeeded().await;
    bob.closed().await;
    bob.stop().await;
    words.heard_well(&PCMU, &bob.heard(), alice.heard()).await
}
