//! The demo's shop with two desk phones (baresip) that ring or do not, and what the records say about it.

use bellbird_tests::{Baresip, BaresipAccount, Server, Speech, Stage, Transport, Voice};
use serde_json::Value;

/// The server, Priya's desk phone (206, personal number 606) who calls, and Daan's (240, personal number 607).
pub(crate) struct Shop {
    pub(crate) words: Words,
    pub(crate) priya: Baresip,
    pub(crate) daan: Baresip,
    pub(crate) server: Server,
    pub(crate) stage: Stage,
}

/// The two sides' words.
pub(crate) struct Words {
    pub(crate) near: Speech,
    pub(crate) far: Speech,
}

impl Words {
    pub(crate) async fn prepared() -> Self {
        Self { near: Speech::of(Voice::Near).await, far: Speech::of(Voice::Far).await }
    }
}

impl Shop {
    pub(crate) async fn open() -> Self {
        let stage = Stage::new().await;
        let words = Words::prepared().await;
        let server = Server::start(&stage).await;
        let priya = desk_phone(&stage, &server, "206", &words.near).await;
        let daan = desk_phone(&stage, &server, "240", &words.far).await;
        Self { words, priya, daan, server, stage }
    }

    /// Priya dials, and is refused at once: what she is told, and the record.
    pub(crate) async fn refused(&mut self, number: &str) -> (String, Record) {
        self.priya.dial(number).await;
        let words = self.priya.closed().await;
        (words, self.record().await)
    }

    /// Priya dials and Daan's desk phone rings; then she gives up. The record.
    pub(crate) async fn rings_at_daan(&mut self, number: &str) -> Record {
        self.priya.dial(number).await;
        self.daan.event("CALL_INCOMING").await;
        self.priya_gives_up().await;
        self.daan.closed().await;
        self.record().await
    }

    pub(crate) async fn priya_gives_up(&mut self) {
        self.priya.hang_up().await;
        self.priya.closed().await;
    }

    /// Another desk phone of the demo.
    pub(crate) async fn desk_phone(&self, number: &str) -> Baresip {
        desk_phone(&self.stage, &self.server, number, &self.words.far).await
    }

    pub(crate) async fn is_on_dnd(&self, extension: &str) -> bool {
        let user = self.server.user_of(extension).await;
        self.server.admin().get(&format!("/users/{user}")).await["dnd"]["on"] == true
    }

    /// The record of the call that was over next.
    pub(crate) async fn record(&mut self) -> Record {
        Record(self.server.next_record().await)
    }
}

/// A desk phone of the demo that rings until told to answer.
pub(crate) async fn desk_phone(stage: &Stage, server: &Server, number: &str, says: &Speech) -> Baresip {
    let account = server.desk_phone(Transport::Udp, number);
    let account = BaresipAccount::of(account).rings().codecs(&["opus/48000/2", "PCMU/8000/1"]);
    Baresip::start(stage, &account, says).await
}

/// A call with its reasons.
pub(crate) struct Record(pub(crate) Value);

impl Record {
    /// How it ended.
    pub(crate) fn outcome(&self) -> &str {
        self.0["outcome"].as_str().expect("an outcome")
    }

    /// Whether some device of the account with this number (or the client of this name) rang, and why or why not: the last
    /// reason that names it.
    pub(crate) fn why(&self, device: &str) -> (bool, &str) {
        let reasons = self.reasons().filter(|reason| names(reason).contains(&device));
        let last = reasons.last().unwrap_or_else(|| panic!("no reason names {device}: {:#}", self.0));
        (last["rang"] == true, last["cause"].as_str().expect("a cause"))
    }

    /// What is said about each device of a kind (`client`, `deskPhone`, `external`), in the order of the call plan.
    pub(crate) fn causes_of(&self, kind: &str) -> Vec<(bool, &str)> {
        let reasons = self.reasons().filter(|reason| reason["device"]["kind"] == kind);
        reasons.map(|reason| (reason["rang"] == true, reason["cause"].as_str().expect("a cause"))).collect()
    }

    /// The params of the first reason with this cause.
    pub(crate) fn params(&self, cause: &str) -> &Value {
        let found = self.reasons().find(|reason| reason["cause"] == cause);
        &found.unwrap_or_else(|| panic!("no reason is {cause}: {:#}", self.0))["params"]
    }

    /// Whether nothing rang.
    pub(crate) fn nothing_rang(&self) -> bool {
        self.reasons().all(|reason| reason["rang"] == false)
    }

    fn reasons(&self) -> impl Iterator<Item = &Value> {
        self.0["why"].as_array().expect("reasons").iter()
    }
}

fn names(reason: &Value) -> Vec<&str> {
    let device = &reason["device"];
    ["number", "name", "client"].iter().filter_map(|field| device[*field].as_str()).collect()
}
