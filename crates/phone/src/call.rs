use bellbird_base::Instant;
use bellbird_contract::{
    AccountId, CallCapabilities, CallDirection, CallId, CallState, CallView, Consultation, EndReason, Party, Problem,
    Security, Timestamp, TransferView,
};
use bellbird_sip::agent::{self, OfferReason};
use bellbird_sip::uri::Uri;

use crate::account::codec_name;
use crate::io::{Agreed, Tone};
use crate::quality::QualityWatch;

/// One call as the phone knows it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) id: CallId,
    pub(crate) account: AccountId,
    /// The user agent's name for it, once there is one.
    pub(crate) agent: Option<agent::CallId>,
    /// The Call-ID of its INVITE.
    pub(crate) call_id: Option<String>,
    /// The call of ours that it takes the place of (RFC 3891).
    pub(crate) replaces: Option<agent::CallId>,
    pub(crate) direction: CallDirection,
    pub(crate) party: Party,
    pub(crate) called_for: Option<Party>,
    pub(crate) phase: Phase,
    /// Shown and not heard: Do Not Disturb was turned on while it rang.
    pub(crate) silenced: bool,
    pub(crate) exchange: Exchange,
    /// Replies of the media side that are still to come and no longer wanted.
    pub(crate) superseded: u32,
    pub(crate) hold: Holding,
    pub(crate) muted: bool,
    pub(crate) agreed: Option<Agreed>,
    /// Whether SDP could not be read on its way.
    pub(crate) private: bool,
    pub(crate) started_at: Timestamp,
    pub(crate) answered_at: Option<Timestamp>,
    pub(crate) quality: QualityWatch,
    pub(crate) digits: String,
    pub(crate) received_digits: String,
    pub(crate) transfer: Option<Transfer>,
    pub(crate) consultation: Option<Consultation>,
    pub(crate) problem: Option<Problem>,
    shown: CallState,
    since: Timestamp,
}

/// Where a call is in its life.
///
/// ```text
/// Calling ──▶ Ringing ──▶ Talking ──▶ Ended
/// Incoming ──▶ Answering ──▶ Talking
/// ```
#[derive(Clone, Debug)]
pub(crate) enum Phase {
    /// We call.
    Calling,
    /// It rings there.
    Ringing { early_media: bool },
    /// It rings here.
    Incoming { offer: Option<String>, answer_at: Option<Instant> },
    /// We answered; the other side has not confirmed.
    Answering,
    /// Answered and confirmed.
    Talking,
    /// Over; shown until then.
    Ended { reason: EndReason, problem: Option<Problem>, tone: Option<Tone>, until: Instant },
}

/// Where offer and answer are (RFC 3264), one exchange at a time.
///
/// ```text
/// Idle ──▶ MakingOffer ──▶ Offered ──▶ Accepting ──▶ Idle
///   └────▶ MakingAnswer ──▶ Idle
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Exchange {
    /// Nothing under way.
    Idle,
    /// The media side makes our offer.
    MakingOffer(OfferFor),
    /// Our offer is with the other side.
    Offered(OfferFor),
    /// The media side takes the other side's answer.
    Accepting(OfferFor),
    /// The media side answers the other side's offer.
    MakingAnswer(AnswerFor),
}

/// What an offer of ours is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OfferFor {
    /// A call to make, perhaps without showing who calls.
    Invite { target: Uri, withhold: bool },
    /// A call that the other side of this one asked us to make.
    Referred(agent::CallId),
    /// The answer to a call that came without an offer.
    Answer,
    /// To hold (true) or resume.
    Hold(bool),
    /// The user agent asked for it.
    Request(OfferReason),
}

/// What an answer of ours is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerFor {
    /// A call that comes in.
    Invite,
    /// A re-INVITE or UPDATE.
    Reoffer,
}

/// Who holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holding {
    /// Whether we want to.
    pub(crate) wanted: bool,
    /// Whether the other side knows that we do; `None` where an offer of ours crossed one of theirs, so that nobody knows
    /// what it believes until we offer anew.
    pub(crate) agreed: Option<bool>,
    /// Whether the other side does.
    pub(crate) by_peer: bool,
}

impl Default for Holding {
    fn default() -> Self {
        Self { wanted: false, agreed: Some(false), by_peer: false }
    }
}

/// A transfer of this call that we asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transfer {
    pub(crate) view: TransferView,
    /// The call that this one is joined with, when we asked first.
    pub(crate) to: Option<CallId>,
}

/// What is known when a call begins.
pub(crate) struct Beginning {
    pub(crate) id: CallId,
    pub(crate) account: AccountId,
    pub(crate) direction: CallDirection,
    pub(crate) party: Party,
    pub(crate) phase: Phase,
    pub(crate) private: bool,
    pub(crate) at: Timestamp,
}

impl Call {
    pub(crate) fn new(beginning: Beginning) -> Self {
        Self {
            id: beginning.id,
            account: beginning.account,
            agent: None,
            call_id: None,
            replaces: None,
            direction: beginning.direction,
            party: beginning.party,
            called_for: None,
            phase: beginning.phase,
            silenced: false,
            exchange: Exchange::Idle,
            superseded: 0,
            hold: Holding::default(),
            muted: false,
            agreed: None,
            private: beginning.private,
            started_at: beginning.at,
            answered_at: None,
            quality: QualityWatch::default(),
            digits: String::new(),
            received_digits: String::new(),
            transfer: None,
            consultation: None,
            problem: None,
            shown: CallState::Unknown,
            since: beginning.at,
        }
    }

    /// Who it is, in a sentence.
    pub(crate) fn who(&self) -> String {
        self.party.name.clone().unwrap_or_else(|| self.party.number.clone())
    }

    pub(crate) const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Ended { .. })
    }

    /// Whether the two could talk, hold or not.
    pub(crate) const fn is_talking(&self) -> bool {
        matches!(self.phase, Phase::Talking)
    }

    pub(crate) const fn is_incoming(&self) -> bool {
        matches!(self.phase, Phase::Incoming { .. })
    }

    /// Whether we call and nobody has answered.
    pub(crate) const fn is_going_out(&self) -> bool {
        matches!(self.phase, Phase::Calling | Phase::Ringing { .. })
    }

    /// Whether it can be held: answered, or being answered.
    pub(crate) const fn can_be_held(&self) -> bool {
        matches!(self.phase, Phase::Answering | Phase::Talking)
    }

    /// Whether this is the call whose other side hears us, or soon will.
    pub(crate) const fn has_our_ear(&self) -> bool {
        self.can_be_held() && !self.hold.wanted
    }

    pub(crate) fn view(&self) -> CallView {
        CallView {
            id: self.id,
            account: self.account,
            direction: self.direction,
            party: self.party.clone(),
            called_for: self.called_for.clone(),
            state: self.shown.clone(),
            since: self.since,
            started_at: self.started_at,
            answered_at: self.answered_at,
            muted: self.muted,
            can: self.capabilities(),
            security: self.security(),
            codec: self.agreed.map(|agreed| codec_name(agreed.codec)),
            quality: self.quality.shown().cloned(),
            digits: self.digits.clone(),
            received_digits: self.received_digits.clone(),
            transfer: self.transfer.as_ref().map(|transfer| transfer.view.clone()),
            consultation: self.consultation,
            problem: self.problem.clone(),
        }
    }

    /// Brings the state that is shown up to date; `busy` says whether another call is going on.
    pub(crate) fn refresh(&mut self, now: Timestamp, busy: bool) {
        let state = self.state(busy);
        if state != self.shown {
            self.since = now;
            self.shown = state;
        }
    }

    fn state(&self, busy: bool) -> CallState {
        match &self.phase {
            Phase::Calling => CallState::Calling,
            Phase::Ringing { early_media } => CallState::Ringing { early_media: *early_media },
            Phase::Incoming { .. } => CallState::Incoming { waiting: busy },
            Phase::Answering => CallState::Connecting,
            Phase::Talking if self.exchange.is_moving() => CallState::Reconnecting,
            Phase::Talking => match (self.hold.wanted, self.hold.by_peer) {
                (false, false) => CallState::Active,
                (true, false) => CallState::OnHold,
                (false, true) => CallState::TheyHold,
                (true, true) => CallState::BothHold,
            },
            Phase::Ended { reason, problem, .. } => CallState::Ended { reason: *reason, problem: problem.clone() },
        }
    }

    fn capabilities(&self) -> CallCapabilities {
        let none = CallCapabilities::default();
        match &self.phase {
            Phase::Ended { .. } => none,
            Phase::Incoming { .. } => CallCapabilities { answer: true, decline: true, ..none },
            Phase::Calling | Phase::Answering => CallCapabilities { hang_up: true, mute: true, ..none },
            Phase::Ringing { early_media } => {
                CallCapabilities { hang_up: true, mute: true, digits: *early_media, ..none }
            }
            Phase::Talking => {
                let asks = matches!(self.consultation, Some(Consultation::Asking { .. }));
                CallCapabilities {
                    hang_up: true,
                    mute: true,
                    hold: !self.hold.wanted,
                    resume: self.hold.wanted,
                    digits: true,
                    transfer: self.transfer.is_none() && self.consultation.is_none(),
                    complete_transfer: asks && self.transfer.is_none(),
                    ..none
                }
            }
        }
    }

    fn security(&self) -> Security {
        match self.agreed {
            None => Security::Pending,
            Some(agreed) if !agreed.encrypted => Security::None,
            Some(_) if self.private => Security::Encrypted,
            Some(_) => Security::KeysInClear,
        }
    }
}

impl Exchange {
    /// Whether the sound is being moved to new addresses.
    pub(crate) fn is_moving(&self) -> bool {
        match self {
            Self::MakingOffer(purpose) | Self::Offered(purpose) | Self::Accepting(purpose) => {
                *purpose == OfferFor::Request(OfferReason::PathChanged)
            }
            Self::Idle | Self::MakingAnswer(_) => false,
        }
    }
}

/// How a party stands in the view: numbers without the domain, others with it.
pub(crate) fn party(name: Option<&str>, uri: &Uri, anonymous: bool, home: &str) -> Party {
    let user = uri.as_ref().user_text().map(|user| user.into_owned()).unwrap_or_default();
    if anonymous {
        return Party { name: None, number: String::new(), address: None };
    }
    let host = uri.host().map(|host| host.as_str().to_owned()).unwrap_or_default();
    let is_number = !user.is_empty() && user.chars().all(|letter| "0123456789+*#".contains(letter));
    let at_home = uri.host().is_none_or(|host| bellbird_sip::uri::Host::new(home).is_some_and(|home| home.same(host)));
    let number = match (user.is_empty(), is_number && (at_home || user.starts_with('+')), uri.port()) {
        (true, _, _) => host,
        (false, true, _) => user.clone(),
        (false, false, Some(port)) => format!("{user}@{host}:{port}"),
        (false, false, None) => format!("{user}@{host}"),
    };
    let name = name.map(str::trim).filter(|name| !name.is_empty() && *name != user && *name != number);
    Party { name: name.map(str::to_owned), address: Some(number.clone()), number }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: Option<&str>, uri: &str) -> (Option<String>, String) {
        let party = party(name, &Uri::parse(uri).unwrap(), false, "fiets.example");
        assert_eq!(party.address.as_ref(), Some(&party.number));
        (party.name, party.number)
    }

    #[test]
    fn number_at_home_stands_without_its_domain() {
        assert_eq!(shown(Some("Anna"), "sip:602@fiets.example"), (Some("Anna".to_owned()), "602".to_owned()));
        assert_eq!(shown(Some("602"), "sip:602@FIETS.example;user=phone"), (None, "602".to_owned()));
        assert_eq!(shown(None, "tel:+31200128840"), (None, "+31200128840".to_owned()));
    }

    #[test]
    fn address_elsewhere_stands_whole() {
        assert_eq!(shown(None, "sip:602@other.example").1, "602@other.example");
        assert_eq!(shown(None, "sip:anna@fiets.example").1, "anna@fiets.example");
        assert_eq!(shown(None, "sip:anna@127.0.0.1:5070").1, "anna@127.0.0.1:5070");
        assert_eq!(shown(None, "sip:127.0.0.1").1, "127.0.0.1");
    }

    #[test]
    fn withheld_number_can_not_be_called_back() {
        let uri = Uri::parse("sip:anonymous@anonymous.invalid").unwrap();
        let party = party(Some("Anonymous"), &uri, true, "fiets.example");
        assert_eq!(party, Party { name: None, number: String::new(), address: None });
    }
}
