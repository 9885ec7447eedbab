use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{AccountId, CodecName, Problem, Timestamp};

/// Names a call while the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
pub struct CallId(pub u32);

/// Who called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum CallDirection {
    /// The other side.
    Incoming,
    /// We.
    Outgoing,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// The other side of a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Party {
    /// The name, where there is one.
    #[serde(default)]
    pub name: Option<String>,
    /// The number or address as people write it: `0600127781`, `anna@fiets.example`; empty if withheld.
    pub number: String,
    /// What to dial to reach this party, or nothing if the number is withheld.
    #[serde(default)]
    pub address: Option<String>,
}

/// How a call stands. The moment in which it came about is [`CallView::since`].
///
/// ```text
/// Calling ──▶ Ringing ──▶ Active ◀──▶ OnHold, TheyHold, BothHold, Reconnecting
/// Incoming ──▶ Connecting ──▶ Active ──▶ Ended
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CallState {
    /// We call and nothing rings yet.
    Calling,
    /// It rings at the other side.
    Ringing {
        /// Sound comes from the other side already: announcement or its own ringing tone.
        early_media: bool,
    },
    /// It rings here.
    Incoming {
        /// Another call is going on: this one waits and only a soft tone tells.
        waiting: bool,
    },
    /// Answered, sound is being agreed on.
    Connecting,
    /// Both talk.
    Active,
    /// We hold the other side.
    OnHold,
    /// The other side holds us.
    TheyHold,
    /// Each holds the other.
    BothHold,
    /// The network changed; sound is being agreed on again.
    Reconnecting,
    /// Over; shown for a few seconds.
    Ended {
        /// Why.
        reason: EndReason,
        /// What to tell, where there is something to tell.
        problem: Option<Problem>,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// Why a call is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum EndReason {
    /// We hung up, declined or cancelled.
    Here,
    /// The other side hung up or cancelled.
    There,
    /// Another device of ours answered.
    AnsweredElsewhere,
    /// We handed it over.
    Transferred,
    /// It did not come about, or broke: see the problem.
    Failed,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// Which buttons do something now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct CallCapabilities {
    /// Answer.
    pub answer: bool,
    /// Decline.
    pub decline: bool,
    /// Hang up.
    pub hang_up: bool,
    /// Mute and unmute.
    pub mute: bool,
    /// Hold.
    pub hold: bool,
    /// Resume.
    pub resume: bool,
    /// Send digits.
    pub digits: bool,
    /// Transfer, blind or ask first.
    pub transfer: bool,
    /// Hand the asking call's other side over: on a consultation call that was answered.
    pub complete_transfer: bool,
}

/// Whether the sound is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Security {
    /// Not known yet.
    Pending,
    /// No.
    None,
    /// Yes, and the keys came over encrypted signalling: the lock shows.
    Encrypted,
    /// The sound is, but whoever read the signalling has the keys: no lock.
    KeysInClear,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// One word for the quality, by mean opinion score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum QualityWord {
    /// From 4.0.
    Good,
    /// From 3.6.
    Fine,
    /// From 3.1.
    Fair,
    /// Below.
    Poor,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// What most likely causes poor quality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Culprit {
    /// Your microphone: silent or too soft.
    Microphone,
    /// Your network.
    Network,
    /// The far side.
    FarSide,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// How a call sounds now, or sounded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Quality {
    /// One to four.
    pub bars: u8,
    /// One word.
    pub word: QualityWord,
    /// Who is to blame, where quality is not good.
    #[serde(default)]
    pub culprit: Option<Culprit>,
    /// Whether it has been fair or poor for long enough (5 s) to be told, and not good again for 10 s.
    #[serde(default)]
    pub tell: bool,
    /// Mean opinion score, 1 to 4.5 (ITU-T G.107).
    pub mos: f32,
    /// Packets lost on the way to us, in percent.
    pub loss_percent: f32,
    /// Packets lost on the way to the other side, in percent, where it reports them.
    #[serde(default)]
    pub far_loss_percent: Option<f32>,
    /// Unevenness of arrival, in ms.
    pub jitter_ms: f32,
    /// There and back, in ms, once known.
    #[serde(default)]
    pub round_trip_ms: Option<f32>,
}

/// A transfer under way, shown on the call that is being handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TransferView {
    /// Whom the other side is sent to.
    pub target: Party,
    /// It rings there.
    pub ringing: bool,
}

/// The part a call plays in a transfer that asks first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(tag = "role", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Consultation {
    /// This is the one who is asked; `call` waits on hold to be handed over.
    Asking {
        /// Who waits.
        call: CallId,
    },
    /// This one waits; `call` is being asked.
    Waiting {
        /// Who is asked.
        call: CallId,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// A call as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CallView {
    /// Its name in commands.
    pub id: CallId,
    /// Whose account.
    pub account: AccountId,
    /// Who called.
    pub direction: CallDirection,
    /// The other side.
    pub party: Party,
    /// Whom an incoming call is for, where that is not the account's own address; the one who sent it here.
    #[serde(default)]
    pub called_for: Option<Party>,
    /// How it stands.
    pub state: CallState,
    /// Since when it stands so.
    pub since: Timestamp,
    /// When it began to ring or was dialled.
    pub started_at: Timestamp,
    /// When it was answered.
    #[serde(default)]
    pub answered_at: Option<Timestamp>,
    /// Whether the other side does not hear us.
    pub muted: bool,
    /// Which buttons do something now.
    pub can: CallCapabilities,
    /// Whether the sound is encrypted.
    pub security: Security,
    /// What the sound is coded with.
    #[serde(default)]
    pub codec: Option<CodecName>,
    /// How it sounds, once known.
    #[serde(default)]
    pub quality: Option<Quality>,
    /// Digits that were sent in this call.
    #[serde(default)]
    pub digits: String,
    /// Digits that came from the other side in this call.
    #[serde(default)]
    #[ts(optional, as = "Option<String>")]
    pub received_digits: String,
    /// The transfer of this call that is under way.
    #[serde(default)]
    pub transfer: Option<TransferView>,
    /// Its part in a transfer that asks first.
    #[serde(default)]
    pub consultation: Option<Consultation>,
    /// A problem that did not end the call: a refused hold, no sound.
    #[serde(default)]
    pub problem: Option<Problem>,
}
