//! The server dies in the middle of a call and comes back: the call goes on.

use std::time::Duration;

use bellbird_tests::{App, Bellbird, Server, Stage, Wav};

use crate::shop::{Record, Words};

/// Sound is this loud at least while somebody speaks.
const SPEAKING_DB: f64 = -45.0;
/// How long a phone may take to find the server again.
const COMES_BACK: Duration = Duration::from_secs(60);

#[tokio::test]
async fn the_caller_hangs_up_after_a_restart() {
    let (mut office, mut priya, mut daan) = Office::restarted_in_mid_call().await;
    priya.type_line("hangup").await;
    assert_eq!(priya.event("ended").await["by"], "local");
    assert_eq!(daan.event("ended").await["by"], "remote");
    office.nothing_is_lost(priya, daan).await;
}

#[tokio::test]
async fn the_called_side_hangs_up_after_a_restart() {
    let (mut office, mut priya, mut daan) = Office::restarted_in_mid_call().await;
    daan.type_line("hangup").await;
    assert_eq!(daan.event("ended").await["by"], "local");
    assert_eq!(priya.event("ended").await["by"], "remote");
    office.nothing_is_lost(priya, daan).await;
}

struct Office {
    server: Server,
    _stage: Stage,
}

impl Office {
    /// Two apps talk over the server, which is killed and started again; both are registered again.
    async fn restarted_in_mid_call() -> (Self, Bellbird, Bellbird) {
        let stage = Stage::new().await;
        let mut server = Server::start(&stage).await;
        let words = Words::prepared().await;
        let priya = App::log_in(&stage, &server, "priya", "desk").await;
        let daan = App::log_in(&stage, &server, "daan", "desk").await;
        let sound = |path: &std::path::Path| path.to_string_lossy().into_owned();
        let (near, far) = (sound(&words.near.path), sound(&words.far.path));
        let mut daan = daan.start(&stage, &["answer", "--play", &far, "--play-loop", "--no-audio-processing"]);
        daan.event("registered").await;
        let mut priya =
            priya.start(&stage, &["call", "607", "--play", &near, "--play-loop", "--no-audio-processing", "--levels"]);
        priya.event("answered").await;
        daan.event("answered").await;
        priya.hears(SPEAKING_DB).await;
        server.kill().await;
        server.start_again(&stage).await;
        priya.event_within("registered", COMES_BACK).await;
        daan.event_within("registered", COMES_BACK).await;
        priya.hears(SPEAKING_DB).await;
        assert!(priya.events("ended").is_empty() && daan.events("ended").is_empty());
        (Self { server, _stage: stage }, priya, daan)
    }

    /// Both ended well and heard each other at the end; the record tells of the whole call.
    async fn nothing_is_lost(&mut self, mut priya: Bellbird, mut daan: Bellbird) {
        priya.succeeded().await;
        daan.succeeded().await;
        for phone in [&priya, &daan] {
            let heard = Wav::read(phone.heard());
            let end = heard.seconds();
            assert!(heard.level_db(end - 1.0, end) > SPEAKING_DB, "{}", phone.heard().display());
        }
        let record = Record(self.server.next_record().await);
        assert_eq!((record.outcome(), record.0["dialled"].as_str()), ("answered", Some("607")));
        assert_eq!(record.causes_of("client"), [(true, "answered")]);
        assert!(record.0["answered"].is_number() && record.0["answeredBy"].is_object());
        assert_eq!(self.server.records().await.len(), 1, "one call, one record");
    }
}
