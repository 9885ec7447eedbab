//! A conversation and its score: what the tests of this crate have in common.

use std::path::Path;
use std::time::Duration;

use bellbird_tests::score::{Band, pesq};
use bellbird_tests::{Account, Baresip, BaresipAccount, Bellbird, Kamailio, Speech, Stage, Transport, Voice};

/// How long the words take, with what is around them.
pub(crate) const WORDS: Duration = Duration::from_secs(10);

/// How much lower than the peers' own score what a peer hears of us may be. baresip's coarse filter flatters µ-law by 0.1: an
/// exact one and G.711 alone come to 3.67–3.71 with the near voice.
const TOLERANCE: f64 = 0.12;

/// The same for what we hear: one period of the voice put in or left out, where the machine stumbled.
const PLAYOUT_TOLERANCE: f64 = 0.2;

/// The two sides' words.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    /// Bellbird's.
    pub(crate) near: Speech,
    /// The peer's.
    pub(crate) far: Speech,
}

impl Words {
    pub(crate) async fn prepared() -> Self {
        Self { near: Speech::of(Voice::Near).await, far: Speech::of(Voice::Far).await }
    }

    /// The same words after a silence.
    pub(crate) async fn after(&self, stage: &Stage, silence: Duration) -> Self {
        let at = |name| stage.folder().join(name);
        let near = self.near.after(silence, &at("near.wav")).await;
        Self { near, far: self.far.after(silence, &at("far.wav")).await }
    }

    pub(crate) fn near_path(&self) -> &str {
        self.near.path.to_str().expect("the cache's path is text")
    }

    /// Scores both directions of a call and compares with what others reach with the same codec; in words what falls short.
    pub(crate) async fn heard_well(&self, codec: &Codec, by_peer: &Path, by_bellbird: &Path) -> Result<(), String> {
        let there = pesq(&self.near, by_peer, codec.band).await;
        let back = pesq(&self.far, by_bellbird, codec.band).await;
        let (there_least, back_least) = (codec.peers_own.0 - TOLERANCE, codec.peers_own.1 - PLAYOUT_TOLERANCE);
        if there < there_least {
            return Err(format!("{}: the peer heard PESQ {there:.2}, not {there_least:.2}", codec.name));
        }
        if back < back_least {
            return Err(format!("{}: we heard PESQ {back:.2}, not {back_least:.2}", codec.name));
        }
        Ok(())
    }
}

/// A codec as we, baresip and linphonec call it, and what baresip and baresip reach with it (near voice, far voice).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Codec {
    pub(crate) name: &'static str,
    pub(crate) in_baresip: &'static str,
    pub(crate) in_linphone: &'static str,
    pub(crate) band: Band,
    pub(crate) peers_own: (f64, f64),
}

pub(crate) const OPUS: Codec =
    Codec { name: "opus", in_baresip: "opus/48000/2", in_linphone: "opus", band: Band::Wide, peers_own: (4.52, 4.49) };
pub(crate) const G722: Codec =
    Codec { name: "g722", in_baresip: "G722/16000/1", in_linphone: "G722", band: Band::Wide, peers_own: (4.53, 4.53) };
pub(crate) const PCMU: Codec =
    Codec { name: "pcmu", in_baresip: "PCMU/8000/1", in_linphone: "PCMU", band: Band::Narrow, peers_own: (3.78, 3.97) };
pub(crate) const PCMA: Codec =
    Codec { name: "pcma", in_baresip: "PCMA/8000/1", in_linphone: "PCMA", band: Band::Narrow, peers_own: (3.78, 3.97) };

/// A registrar, baresip as `bob`, and words for both; bellbird will be `alice`.
pub(crate) struct Scene {
    pub(crate) words: Words,
    pub(crate) bob: Baresip,
    pub(crate) kamailio: Kamailio,
    pub(crate) stage: Stage,
}

impl Scene {
    pub(crate) async fn set(account_of_bob: impl FnOnce(&Kamailio) -> BaresipAccount) -> Self {
        let stage = Stage::new().await;
        let words = Words::prepared().await;
        let kamailio = Kamailio::start(&stage).await;
        let bob = Baresip::start(&stage, &account_of_bob(&kamailio), &words.far).await;
        Self { words, bob, kamailio, stage }
    }

    /// With bob on UDP, answering by himself.
    pub(crate) async fn plain() -> Self {
        Self::set(|kamailio| BaresipAccount::at(kamailio, Transport::Udp, "bob")).await
    }

    /// Alice calls bob over UDP and says her words.
    pub(crate) fn alice_calls(&self, target: &str, more: &[&str]) -> Bellbird {
        let account = Account::at(&self.kamailio, Transport::Udp, "alice");
        self.start(&account, &["call", target], more)
    }

    /// Alice waits for calls; she is registered when this returns.
    pub(crate) async fn alice_answers(&self, more: &[&str]) -> Bellbird {
        let account = Account::at(&self.kamailio, Transport::Udp, "alice");
        let mut alice = self.start(&account, &["answer"], more);
        alice.event("registered").await;
        alice
    }

    pub(crate) fn start(&self, account: &Account, command: &[&str], more: &[&str]) -> Bellbird {
        let sound = ["--play", self.words.near_path(), "--no-audio-processing"];
        let arguments: Vec<&str> = command.iter().chain(&sound).chain(more).copied().collect();
        Bellbird::start(&self.stage, account, &arguments)
    }

    /// Ends everybody and scores what was heard.
    pub(crate) async fn score(mut self, codec: &Codec, mut alice: Bellbird) -> Result<(), String> {
        alice.succeeded().await;
        self.bob.closed().await;
        self.bob.stop().await;
        self.words.heard_well(codec, &self.bob.heard(), alice.heard()).await
    }
}

/// Has a call scored, up to three times: a machine that stumbles for a moment spoils one score, a fault of ours all.
pub(crate) async fn scored<F: Future<Output = Result<(), String>>>(mut call: impl FnMut() -> F) {
    let mut fell_short = Vec::new();
    for _ in 0..3 {
        match call().await {
            Ok(()) => return,
            Err(words) => fell_short.push(words),
        }
    }
    panic!("three times: {}", fell_short.join("; "));
}

/// Waits as long as a conversation takes. Sound runs in real time, so this is no polling but listening.
pub(crate) async fn listen(time: Duration) {
    tokio::time::sleep(time).await;
}
