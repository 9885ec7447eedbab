//! The few words that the shell says itself; all others are the page's.

use bellbird_contract::Language;

/// A language that there are words in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tongue {
    Dutch,
    English,
}

impl Tongue {
    /// The language that the user chose, or else the system's.
    pub(crate) fn of(language: Language, system: Option<&str>) -> Self {
        match language {
            Language::Nl => Self::Dutch,
            Language::En => Self::English,
            Language::System | Language::Unknown if system.is_some_and(|system| system.starts_with("nl")) => {
                Self::Dutch
            }
            Language::System | Language::Unknown => Self::English,
        }
    }

    pub(crate) const fn incoming_call(self) -> &'static str {
        match self {
            Self::Dutch => "Inkomende oproep",
            Self::English => "Incoming call",
        }
    }

    pub(crate) const fn number_withheld(self) -> &'static str {
        match self {
            Self::Dutch => "Nummer onbekend",
            Self::English => "Number withheld",
        }
    }

    pub(crate) const fn open(self) -> &'static str {
        match self {
            Self::Dutch => "Bellbird openen",
            Self::English => "Open Bellbird",
        }
    }

    pub(crate) const fn quit(self) -> &'static str {
        match self {
            Self::Dutch => "Afsluiten",
            Self::English => "Quit",
        }
    }

    pub(crate) const fn ready(self) -> &'static str {
        match self {
            Self::Dutch => "Bereikbaar",
            Self::English => "Ready",
        }
    }

    pub(crate) const fn do_not_disturb(self) -> &'static str {
        match self {
            Self::Dutch => "Niet storen",
            Self::English => "Do not disturb",
        }
    }

    pub(crate) const fn in_call(self) -> &'static str {
        match self {
            Self::Dutch => "In gesprek",
            Self::English => "In a call",
        }
    }

    pub(crate) const fn not_connected(self) -> &'static str {
        match self {
            Self::Dutch => "Niet verbonden",
            Self::English => "Not connected",
        }
    }
}

/// The system's language from the environment: `nl_NL.UTF-8` gives `nl_NL.UTF-8`.
pub(crate) fn system_language() -> Option<String> {
    let variables = ["LC_ALL", "LC_MESSAGES", "LANG"];
    variables.iter().filter_map(|name| std::env::var(name).ok()).find(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choice_of_the_user_comes_before_the_system() {
        assert_eq!(Tongue::of(Language::En, Some("nl_NL.UTF-8")), Tongue::English);
        assert_eq!(Tongue::of(Language::System, Some("nl_NL.UTF-8")), Tongue::Dutch);
        assert_eq!(Tongue::of(Language::System, Some("C")), Tongue::English);
        assert_eq!(Tongue::of(Language::System, None), Tongue::English);
    }
}
