//! The stage itself: others' phones call each other on it. What they score is what we are measured by.

use bellbird_tests::score::{Band, pesq};
use bellbird_tests::{
    Baresip, BaresipAccount, DOMAIN, Kamailio, Linphone, MediaEncryption, Speech, Stage, Transport, Voice,
};

const OPUS: &str = "opus/48000/2";
const G722: &str = "G722/16000/1";
const PCMU: &str = "PCMU/8000/1";

#[tokio::test]
async fn two_baresips_speak_opus_through_kamailio() {
    let (there, back) = baresip_to_baresip(Transport::Udp, OPUS, None, Band::Wide).await;
    assert!(there > 4.3 && back > 4.3, "PESQ {there:.2} and {back:.2}");
}

#[tokio::test]
async fn two_baresips_speak_g722_with_sdes_over_tls() {
    let encryption = Some(MediaEncryption::SdesRequired);
    let (there, back) = baresip_to_baresip(Transport::Tls, G722, encryption, Band::Wide).await;
    assert!(there > 4.3 && back > 4.3, "PESQ {there:.2} and {back:.2}");
}

#[tokio::test]
async fn two_baresips_speak_pcmu_over_tcp() {
    let (there, back) = baresip_to_baresip(Transport::Tcp, PCMU, None, Band::Narrow).await;
    assert!(there > 3.7 && back > 3.7, "PESQ {there:.2} and {back:.2}");
}

#[tokio::test]
async fn linphone_and_baresip_speak_opus() {
    let (there, back) = linphone_to_baresip("opus", OPUS, Band::Wide).await;
    assert!(there > 4.3 && back > 4.1, "PESQ {there:.2} and {back:.2}");
}

#[tokio::test]
async fn linphone_and_baresip_speak_pcmu() {
    let (there, back) = linphone_to_baresip("PCMU", PCMU, Band::Narrow).await;
    assert!(there > 3.6 && back > 3.5, "PESQ {there:.2} and {back:.2}");
}

async fn linphone_to_baresip(in_linphone: &str, in_baresip: &'static str, band: Band) -> (f64, f64) {
    let stage = Stage::new().await;
    let kamailio = Kamailio::start(&stage).await;
    let (near, far) = (Speech::of(Voice::Near).await, Speech::of(Voice::Far).await);
    let account = BaresipAccount::at(&kamailio, Transport::Udp, "bob").codecs(&[in_baresip]);
    let mut baresip = Baresip::start(&stage, &account, &far).await;
    let mut linphone = Linphone::start(&stage, &kamailio, Transport::Udp, "carol", in_linphone, &near).await;
    linphone.call(&format!("sip:bob@{DOMAIN}")).await;
    baresip.established().await;
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    linphone.quit().await;
    baresip.closed().await;
    (pesq(&near, &baresip.heard(), band).await, pesq(&far, &linphone.heard(), band).await)
}

async fn baresip_to_baresip(
    transport: Transport,
    codec: &'static str,
    encryption: Option<MediaEncryption>,
    band: Band,
) -> (f64, f64) {
    let stage = Stage::new().await;
    let kamailio = Kamailio::start(&stage).await;
    let (near, far) = (Speech::of(Voice::Near).await, Speech::of(Voice::Far).await);
    let account = |user| {
        let account = BaresipAccount::at(&kamailio, transport, user).codecs(&[codec]);
        BaresipAccount { encryption, ..account }
    };
    let mut alice = Baresip::start(&stage, &account("alice"), &near).await;
    let mut bob = Baresip::start(&stage, &account("bob"), &far).await;
    alice.dial(&format!("sip:bob@{DOMAIN}")).await;
    bob.established().await;
    alice.established().await;
    // The time that the words take.
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    alice.hang_up().await;
    bob.closed().await;
    alice.stop().await;
    bob.stop().await;
    (pesq(&near, &bob.heard(), band).await, pesq(&far, &alice.heard(), band).await)
}

/// The words by which baresip is steered do what the other tests believe.
#[tokio::test]
async fn baresip_holds_sends_digits_and_hands_over() {
    let stage = Stage::new().await;
    let kamailio = Kamailio::start(&stage).await;
    let near = Speech::of(Voice::Near).await;
    let account = |user| BaresipAccount::at(&kamailio, Transport::Udp, user);
    let mut alice = Baresip::start(&stage, &account("alice"), &near).await;
    let mut bob = Baresip::start(&stage, &account("bob"), &near).await;
    let mut dave = Baresip::start(&stage, &account("dave"), &near).await;
    alice.dial(&format!("sip:bob@{DOMAIN}")).await;
    alice.established().await;
    bob.established().await;
    alice.command("hold", "").await;
    alice.command("resume", "").await;
    for digit in ["4", "2"] {
        alice.command("sndcode", digit).await;
        assert_eq!(bob.event("CALL_DTMF_START").await["param"], digit);
    }
    alice.command("transfer", &format!("sip:dave@{DOMAIN}")).await;
    dave.established().await;
    bob.established().await;
    dave.hang_up().await;
    bob.closed().await;
}
