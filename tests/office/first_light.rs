//! Two apps, logged in to the server by name and password, and nothing else.

use bellbird_tests::{App, Server, Speech, Stage, Voice, Wav};

/// Sound is this loud at least while somebody speaks.
const SPEAKING_DB: f64 = -45.0;

/// N1, N2, C7: no set-up but a log-in; both hear each other, and the record has a reason for every device.
#[tokio::test]
async fn two_people_log_in_and_talk() {
    let stage = Stage::new().await;
    let mut server = Server::start(&stage).await;
    let (near, far) = (Speech::of(Voice::Near).await, Speech::of(Voice::Far).await);
    let priya = App::log_in(&stage, &server, "priya", "desk").await;
    let daan = App::log_in(&stage, &server, "daan", "desk").await;
    let mut daan = daan.start(&stage, &["answer", "--play", &far.path.to_string_lossy(), "--no-audio-processing"]);
    daan.event("registered").await;
    let near = near.path.to_string_lossy();
    let mut priya = priya.start(&stage, &["call", "607", "--play", &near, "--no-audio-processing", "--for", "3"]);
    let incoming = daan.event("incoming").await;
    assert!(incoming["from"].as_str().is_some_and(|from| from.contains("606")), "{incoming}");
    assert_eq!(incoming["name"], "Priya Nair");
    priya.event("answered").await;
    daan.event("answered").await;
    assert_eq!(priya.event("ended").await["by"], "local");
    assert_eq!(daan.event("ended").await["by"], "remote");
    priya.succeeded().await;
    daan.succeeded().await;
    for phone in [&priya, &daan] {
        let heard = Wav::read(phone.heard());
        assert!(heard.level_db(1.0, 2.5) > SPEAKING_DB, "{}", phone.heard().display());
    }
    let record = server.next_record().await;
    assert_eq!((&record["outcome"], &record["from"]["number"]), (&"answered".into(), &"606".into()));
    let why: Vec<_> = record["why"].as_array().expect("reasons").iter().collect();
    let of = |kind: &str| why.iter().find(|reason| reason["device"]["kind"] == kind).expect("a reason");
    assert_eq!((&of("client")["cause"], &of("client")["rang"]), (&"answered".into(), &true.into()));
    assert_eq!(of("deskPhone")["cause"], "notRegistered");
}
