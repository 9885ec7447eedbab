use super::{Melody, Step};

/// A call progress tone (ITU-T E.180).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The exchange waits for a number.
    Dial,
    /// The other end rings.
    Ringback,
    /// The other end is busy.
    Busy,
    /// The network is busy, or the call could not be connected (reorder).
    Congestion,
    /// A second call waits.
    CallWaiting,
    /// The number can't be reached; an announcement may follow (special information tone).
    SpecialInformation,
}

impl Progress {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Dial, Self::Ringback, Self::Busy, Self::Congestion, Self::CallWaiting, Self::SpecialInformation];
}

/// Whose exchange is imitated (ITU-T E.180 Supplement 2, BT SIN 350, ANSI T1.401).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Country {
    /// Austria.
    At,
    /// Belgium.
    Be,
    /// Switzerland.
    Ch,
    /// Germany.
    De,
    /// Denmark.
    Dk,
    /// Spain.
    Es,
    /// France.
    Fr,
    /// United Kingdom.
    Gb,
    /// Italy.
    It,
    /// The Netherlands.
    #[default]
    Nl,
    /// Sweden.
    Se,
    /// United States and Canada.
    Us,
}

impl Country {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::At,
        Self::Be,
        Self::Ch,
        Self::De,
        Self::Dk,
        Self::Es,
        Self::Fr,
        Self::Gb,
        Self::It,
        Self::Nl,
        Self::Se,
        Self::Us,
    ];

    /// The country with this code of ISO 3166, in any case.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|country| country.code().eq_ignore_ascii_case(code))
    }

    /// The code of ISO 3166 in lower case.
    pub const fn code(self) -> &'static str {
        match self {
            Self::At => "at",
            Self::Be => "be",
            Self::Ch => "ch",
            Self::De => "de",
            Self::Dk => "dk",
            Self::Es => "es",
            Self::Fr => "fr",
            Self::Gb => "gb",
            Self::It => "it",
            Self::Nl => "nl",
            Self::Se => "se",
            Self::Us => "us",
        }
    }

    /// What this tone sounds like there.
    pub const fn melody(self, progress: Progress) -> Melody {
        let plan = self.plan();
        Melody::repeating(match progress {
            Progress::Dial => plan.dial,
            Progress::Ringback => plan.ringback,
            Progress::Busy => plan.busy,
            Progress::Congestion => plan.congestion,
            Progress::CallWaiting => plan.call_waiting,
            Progress::SpecialInformation => SPECIAL_INFORMATION,
        })
    }

    const fn plan(self) -> Plan {
        match self {
            Self::At => AUSTRIA,
            Self::Be => BELGIUM,
            Self::Ch => SWITZERLAND,
            Self::De => GERMANY,
            Self::Dk => DENMARK,
            Self::Es => SPAIN,
            Self::Fr => FRANCE,
            Self::Gb => UNITED_KINGDOM,
            Self::It => ITALY,
            Self::Nl => NETHERLANDS,
            Self::Se => SWEDEN,
            Self::Us => UNITED_STATES,
        }
    }
}

/// The tones of one country.
struct Plan {
    dial: &'static [Step],
    ringback: &'static [Step],
    busy: &'static [Step],
    congestion: &'static [Step],
    call_waiting: &'static [Step],
}

/// The same everywhere (ITU-T E.180 §6): three rising tones and a second of silence.
const SPECIAL_INFORMATION: &[Step] =
    &[Step::single(950, 330), Step::single(1_400, 330), Step::single(1_800, 330), Step::silence(1_000)];

const DIAL_425: &[Step] = &[Step::single(425, 0)];
const RINGBACK_425: &[Step] = &[Step::single(425, 1_000), Step::silence(4_000)];
const BUSY_425: &[Step] = &[Step::single(425, 500), Step::silence(500)];
const CONGESTION_425: &[Step] = &[Step::single(425, 250), Step::silence(250)];
const FAST_425: &[Step] = &[Step::single(425, 200), Step::silence(200)];
const PAIR_425: &[Step] = &[Step::single(425, 200), Step::silence(200), Step::single(425, 200), Step::silence(4_000)];

const AUSTRIA: Plan = Plan {
    dial: &[Step::single(420, 0)],
    ringback: &[Step::single(420, 1_000), Step::silence(5_000)],
    busy: &[Step::single(420, 400), Step::silence(400)],
    congestion: &[Step::single(420, 200), Step::silence(200)],
    call_waiting: &[Step::single(420, 40), Step::silence(1_960)],
};

const BELGIUM: Plan = Plan {
    dial: DIAL_425,
    ringback: &[Step::single(425, 1_000), Step::silence(3_000)],
    busy: BUSY_425,
    congestion: &[Step::single(425, 167), Step::silence(167)],
    call_waiting: &[Step::single(1_400, 175), Step::silence(175), Step::single(1_400, 175), Step::silence(3_500)],
};

const SWITZERLAND: Plan =
    Plan { dial: DIAL_425, ringback: RINGBACK_425, busy: BUSY_425, congestion: FAST_425, call_waiting: PAIR_425 };

const GERMANY: Plan = Plan {
    dial: DIAL_425,
    ringback: RINGBACK_425,
    busy: &[Step::single(425, 480), Step::silence(480)],
    congestion: &[Step::single(425, 240), Step::silence(240)],
    call_waiting: &[Step::single(425, 200), Step::silence(200), Step::single(425, 200), Step::silence(5_000)],
};

const DENMARK: Plan = Plan {
    dial: DIAL_425,
    ringback: RINGBACK_425,
    busy: BUSY_425,
    congestion: FAST_425,
    call_waiting: &[Step::single(425, 200), Step::silence(600), Step::single(425, 200), Step::silence(3_000)],
};

const SPAIN: Plan = Plan {
    dial: DIAL_425,
    ringback: &[Step::single(425, 1_500), Step::silence(3_000)],
    busy: FAST_425,
    congestion: &[
        Step::single(425, 200),
        Step::silence(200),
        Step::single(425, 200),
        Step::silence(200),
        Step::single(425, 200),
        Step::silence(600),
    ],
    call_waiting: &[Step::single(425, 175), Step::silence(175), Step::single(425, 175), Step::silence(3_500)],
};

const FRANCE: Plan = Plan {
    dial: &[Step::single(440, 0)],
    ringback: &[Step::single(440, 1_500), Step::silence(3_500)],
    busy: &[Step::single(440, 500), Step::silence(500)],
    congestion: &[Step::single(440, 250), Step::silence(250)],
    call_waiting: &[Step::single(440, 300), Step::silence(10_000)],
};

const UNITED_KINGDOM: Plan = Plan {
    dial: &[Step::dual(350, 440, 0)],
    ringback: &[Step::dual(400, 450, 400), Step::silence(200), Step::dual(400, 450, 400), Step::silence(2_000)],
    busy: &[Step::single(400, 375), Step::silence(375)],
    congestion: &[Step::single(400, 400), Step::silence(350), Step::single(400, 225), Step::silence(525)],
    call_waiting: &[Step::single(400, 100), Step::silence(4_000)],
};

const ITALY: Plan = Plan {
    dial: &[Step::single(425, 200), Step::silence(200), Step::single(425, 600), Step::silence(1_000)],
    ringback: RINGBACK_425,
    busy: BUSY_425,
    congestion: FAST_425,
    call_waiting: &[
        Step::single(425, 400),
        Step::silence(100),
        Step::single(425, 250),
        Step::silence(100),
        Step::single(425, 150),
        Step::silence(14_000),
    ],
};

const NETHERLANDS: Plan = Plan {
    dial: DIAL_425,
    ringback: RINGBACK_425,
    busy: BUSY_425,
    congestion: CONGESTION_425,
    call_waiting: &[Step::single(425, 500), Step::silence(9_500)],
};

const SWEDEN: Plan = Plan {
    dial: DIAL_425,
    ringback: &[Step::single(425, 1_000), Step::silence(5_000)],
    busy: &[Step::single(425, 250), Step::silence(250)],
    congestion: &[Step::single(425, 250), Step::silence(750)],
    call_waiting: &[Step::single(425, 200), Step::silence(500), Step::single(425, 200), Step::silence(9_100)],
};

const UNITED_STATES: Plan = Plan {
    dial: &[Step::dual(350, 440, 0)],
    ringback: &[Step::dual(440, 480, 2_000), Step::silence(4_000)],
    busy: &[Step::dual(480, 620, 500), Step::silence(500)],
    congestion: &[Step::dual(480, 620, 250), Step::silence(250)],
    call_waiting: &[Step::single(440, 300), Step::silence(10_000)],
};
