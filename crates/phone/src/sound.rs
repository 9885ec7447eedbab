use bellbird_contract::{AudioSettings, ToneCountry};

use crate::call::{Call, Phase};
use crate::io::{Sound, Tone};

/// What shall ring and sound, as the calls stand: a pure function of them.
///
/// A call that comes in rings, or while another one goes on only knocks. The ringing tone is ours only where the other
/// side sends none itself. Busy and congestion sound as long as the failed call is shown and nothing else goes on.
pub(crate) fn sound_of(calls: &[Call], audio: &AudioSettings, country: ToneCountry) -> Sound {
    let busy = calls.iter().any(is_going_on);
    let incoming = calls.iter().any(|call| call.is_incoming() && !call.silenced);
    let tone = match () {
        () if incoming && busy => Some(Tone::CallWaiting),
        () if calls.iter().any(|call| matches!(call.phase, Phase::Ringing { early_media: false })) => {
            Some(Tone::Ringback)
        }
        () if busy || incoming => None,
        () => calls.iter().rev().find_map(tone_of_the_end),
    };
    Sound { ringtone: (incoming && !busy).then(|| audio.ringtone.clone()), tone: tone.map(|tone| (tone, country)) }
}

/// Whether a call goes on beside those that come in.
pub(crate) fn is_going_on(call: &Call) -> bool {
    !call.is_over() && !call.is_incoming()
}

fn tone_of_the_end(call: &Call) -> Option<Tone> {
    match &call.phase {
        Phase::Ended { tone, .. } => *tone,
        Phase::Calling | Phase::Ringing { .. } | Phase::Incoming { .. } | Phase::Answering | Phase::Talking => None,
    }
}

#[cfg(test)]
mod tests {
    use bellbird_base::Instant;
    use bellbird_contract::{AccountId, CallDirection, CallId, EndReason, Party, Timestamp};

    use super::*;
    use crate::call::Beginning;

    const INCOMING: Phase = Phase::Incoming { offer: None, answer_at: None };

    fn sound(phases: &[Phase]) -> (bool, Option<Tone>) {
        let party = Party { name: None, number: "601".to_owned(), address: None };
        let calls: Vec<Call> = phases
            .iter()
            .map(|phase| {
                Call::new(Beginning {
                    id: CallId(1),
                    account: AccountId(1),
                    direction: CallDirection::Outgoing,
                    party: party.clone(),
                    phase: phase.clone(),
                    private: false,
                    at: Timestamp(0),
                })
            })
            .collect();
        let sound = sound_of(&calls, &AudioSettings::default(), ToneCountry::Nl);
        (sound.ringtone.is_some(), sound.tone.map(|(tone, _)| tone))
    }

    fn ended(tone: Tone) -> Phase {
        Phase::Ended { reason: EndReason::Failed, problem: None, tone: Some(tone), until: Instant::FAR_FUTURE }
    }

    #[test]
    fn incoming_call_rings_and_a_second_one_only_knocks() {
        assert_eq!(sound(&[INCOMING]), (true, None));
        assert_eq!(sound(&[Phase::Talking, INCOMING]), (false, Some(Tone::CallWaiting)));
    }

    #[test]
    fn ringing_tone_is_ours_only_without_early_media() {
        assert_eq!(sound(&[Phase::Calling]), (false, None));
        assert_eq!(sound(&[Phase::Ringing { early_media: false }]), (false, Some(Tone::Ringback)));
        assert_eq!(sound(&[Phase::Ringing { early_media: true }]), (false, None));
    }

    #[test]
    fn busy_tone_stops_when_something_else_goes_on() {
        assert_eq!(sound(&[ended(Tone::Busy)]), (false, Some(Tone::Busy)));
        assert_eq!(sound(&[ended(Tone::Busy), Phase::Talking]), (false, None));
        assert_eq!(sound(&[ended(Tone::Busy), INCOMING]), (true, None));
    }
}
