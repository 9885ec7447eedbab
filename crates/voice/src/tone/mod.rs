//! Tones: call progress by country, DTMF digits, and the ring.
//!
//! ```text
//! Country + Progress ─┐
//! Digit ──────────────┼→ Melody (steps of up to three frequencies, once or for ever) → ToneGenerator → Block
//! Ring ───────────────┘
//! ```

mod country;
mod generator;

pub use country::{Country, Progress};
pub use generator::ToneGenerator;

/// One piece of a tone: up to three frequencies at once for a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Hz; 0 stands for none.
    pub frequencies: [u16; 3],
    /// Milliseconds; 0 stands for ever.
    pub milliseconds: u16,
}

impl Step {
    /// Silence.
    pub const fn silence(milliseconds: u16) -> Self {
        Self { frequencies: [0; 3], milliseconds }
    }

    /// One frequency.
    pub const fn single(frequency: u16, milliseconds: u16) -> Self {
        Self { frequencies: [frequency, 0, 0], milliseconds }
    }

    /// Two frequencies at once.
    pub const fn dual(low: u16, high: u16, milliseconds: u16) -> Self {
        Self { frequencies: [low, high, 0], milliseconds }
    }
}

/// Steps that sound one after the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Melody {
    /// What sounds.
    pub steps: &'static [Step],
    /// From which step it goes on after the last; none ends it.
    pub repeat_from: Option<usize>,
    /// How each frequency sounds.
    pub timbre: Timbre,
}

/// How a frequency sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timbre {
    /// A steady sine with soft edges, as an exchange gives it.
    Sine,
    /// A struck bar that rings out, for the ring.
    Bell,
}

impl Melody {
    pub(crate) const fn repeating(steps: &'static [Step]) -> Self {
        Self { steps, repeat_from: Some(0), timbre: Timbre::Sine }
    }
}

/// A key of a telephone (ITU-T Q.23).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digit(u8);

impl Digit {
    const KEYS: &'static [u8; 16] = b"123A456B789C*0#D";

    /// `0`–`9`, `*`, `#`, `A`–`D` (lower case too).
    pub fn new(character: char) -> Option<Self> {
        let wanted = u8::try_from(character.to_ascii_uppercase()).ok()?;
        let place = Self::KEYS.iter().position(|key| *key == wanted)?;
        u8::try_from(place).ok().map(Self)
    }

    /// The key.
    pub fn character(self) -> char {
        char::from(Self::KEYS[usize::from(self.0 & 15)])
    }

    /// Row and column frequency in Hz.
    pub fn frequencies(self) -> (u16, u16) {
        let [low, high, _] = SOUNDS[usize::from(self.0 & 15)][0].frequencies;
        (low, high)
    }

    pub(crate) fn melody(self) -> Melody {
        Melody { steps: &SOUNDS[usize::from(self.0 & 15)], repeat_from: None, timbre: Timbre::Sine }
    }
}

/// What each key sounds like, for ever.
static SOUNDS: [[Step; 1]; 16] = {
    const ROWS: [u16; 4] = [697, 770, 852, 941];
    const COLUMNS: [u16; 4] = [1_209, 1_336, 1_477, 1_633];
    let mut table = [[Step::silence(0)]; 16];
    let mut key = 0;
    while key < 16 {
        table[key] = [Step::dual(ROWS[key / 4], COLUMNS[key % 4], 0)];
        key += 1;
    }
    table
};

/// Ring tones that need no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Ring {
    /// Four rising bars, a pause, over and over.
    #[default]
    Marimba,
    /// The two-tone warble of an electronic telephone.
    Warble,
    /// One bar every four seconds: a second call while one is going on, or a quiet office.
    Discreet,
}

impl Ring {
    /// What sounds.
    pub const fn melody(self) -> Melody {
        let (steps, timbre) = match self {
            Self::Marimba => (MARIMBA, Timbre::Bell),
            Self::Warble => (WARBLE, Timbre::Sine),
            Self::Discreet => (DISCREET, Timbre::Bell),
        };
        Melody { steps, repeat_from: Some(0), timbre }
    }
}

const MARIMBA: &[Step] = &[
    Step::single(523, 160),
    Step::single(659, 160),
    Step::single(784, 160),
    Step::dual(523, 1_047, 520),
    Step::single(784, 160),
    Step::single(880, 160),
    Step::dual(659, 1_047, 680),
    Step::silence(2_000),
];

const WARBLE: &[Step] = &[
    Step::dual(800, 1_600, 50),
    Step::dual(1_000, 2_000, 50),
    Step::dual(800, 1_600, 50),
    Step::dual(1_000, 2_000, 50),
    Step::dual(800, 1_600, 50),
    Step::dual(1_000, 2_000, 50),
    Step::dual(800, 1_600, 50),
    Step::dual(1_000, 2_000, 50),
    Step::silence(200),
    Step::dual(800, 1_600, 50),
    Step::dual(1_000, 2_000, 50),
    Step::dual(800, 1_600, 50),
    Step::dual(1_000, 2_000, 50),
    Step::dual(800, 1_600, 50),
    Step::dual(1_000, 2_000, 50),
    Step::dual(800, 1_600, 50),
    Step::dual(1_000, 2_000, 50),
    Step::silence(2_000),
];

const DISCREET: &[Step] = &[Step::dual(659, 1_319, 600), Step::silence(3_400)];
