use super::super::ForwardKind;

/// What a star code does, before it is known whose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StarCode {
    /// Do Not Disturb on or off: what it says, never the reverse of what holds (idempotent).
    Dnd(bool),
    /// A forwarding to the number behind the code.
    Forward(ForwardKind),
    /// That forwarding off.
    NoForward(ForwardKind),
    /// The number behind the code is called without one's own number.
    Withhold,
    /// One's own voice comes back.
    Echo,
}

/// All star codes, those of North America as desk phones have them on keys, and Europe's with `#`.
pub const STAR_CODES: &[(&str, StarCode)] = &[
    ("*78", StarCode::Dnd(true)),
    ("*79", StarCode::Dnd(false)),
    ("*72", StarCode::Forward(ForwardKind::Always)),
    ("*73", StarCode::NoForward(ForwardKind::Always)),
    ("*90", StarCode::Forward(ForwardKind::Busy)),
    ("*91", StarCode::NoForward(ForwardKind::Busy)),
    ("*92", StarCode::Forward(ForwardKind::NoAnswer)),
    ("*93", StarCode::NoForward(ForwardKind::NoAnswer)),
    ("*94", StarCode::Forward(ForwardKind::Unreachable)),
    ("*95", StarCode::NoForward(ForwardKind::Unreachable)),
    ("*67", StarCode::Withhold),
    ("*31*", StarCode::Withhold),
    ("#31#", StarCode::Withhold),
    ("*43", StarCode::Echo),
];

/// What a key or a star code changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeatureAct {
    /// Do Not Disturb on or off.
    Dnd(bool),
    /// A forwarding on, or off with nothing.
    Forward {
        /// Which.
        kind: ForwardKind,
        /// Where to, as dialled. Empty for the one that was set last.
        target: Option<String>,
    },
}

/// What somebody dialled with a star.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// A change.
    Act(FeatureAct),
    /// This number, without one's own.
    Withheld(String),
    /// Echo.
    Echo,
}

impl Code {
    /// Reads what was dialled. The longest code counts; one that takes no number is not meant where digits follow.
    pub fn read(dialled: &str) -> Option<Self> {
        let known = STAR_CODES.iter().filter(|(code, _)| dialled.starts_with(code)).max_by_key(|(code, _)| code.len());
        let (code, meaning) = known?;
        let rest = dialled.get(code.len()..)?.trim_matches(['*', '#']).to_owned();
        match (meaning, rest.is_empty()) {
            (StarCode::Dnd(on), true) => Some(Self::Act(FeatureAct::Dnd(*on))),
            (StarCode::Forward(kind), _) => Some(Self::Act(FeatureAct::Forward { kind: *kind, target: Some(rest) })),
            (StarCode::NoForward(kind), true) => Some(Self::Act(FeatureAct::Forward { kind: *kind, target: None })),
            (StarCode::Withhold, false) => Some(Self::Withheld(rest)),
            (StarCode::Echo, true) => Some(Self::Echo),
            (StarCode::Dnd(_) | StarCode::NoForward(_) | StarCode::Echo, false) | (StarCode::Withhold, true) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_say_what_shall_be_and_not_what_shall_change() {
        assert_eq!(Code::read("*78"), Some(Code::Act(FeatureAct::Dnd(true))));
        assert_eq!(Code::read("*79"), Some(Code::Act(FeatureAct::Dnd(false))));
        assert_eq!(Code::read("*785"), None);
    }

    #[test]
    fn forwarding_takes_the_number_behind_the_code() {
        let act = FeatureAct::Forward { kind: ForwardKind::Always, target: Some("0612345678".to_owned()) };
        assert_eq!(Code::read("*720612345678"), Some(Code::Act(act.clone())));
        assert_eq!(Code::read("*72*0612345678#"), Some(Code::Act(act)));
        let off = FeatureAct::Forward { kind: ForwardKind::Always, target: None };
        assert_eq!(Code::read("*73"), Some(Code::Act(off)));
    }

    #[test]
    fn withholding_leaves_the_number() {
        assert_eq!(Code::read("*31*602"), Some(Code::Withheld("602".to_owned())));
        assert_eq!(Code::read("*670201234567"), Some(Code::Withheld("0201234567".to_owned())));
        assert_eq!(Code::read("#31#"), None);
        assert_eq!(Code::read("602"), None);
    }
}
