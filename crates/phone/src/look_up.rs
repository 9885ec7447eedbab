use bellbird_contract::server::Colleague;
use bellbird_contract::{ErrorCode, HistoryEntry, LookUp, Party, Problem, Suggestion, TargetKind};

use crate::emergency::Emergency;
use crate::target::{Home, Target};

const SHOWN: usize = 8;

/// Tells what was typed means and which parties of the history, and which colleagues, it matches.
pub(crate) fn look_up(
    text: &str,
    emergency: &Emergency,
    home: Option<&Home>,
    history: &[HistoryEntry],
    colleagues: &[Colleague],
) -> LookUp {
    let target = Target::parse(text, emergency);
    LookUp {
        text: text.to_owned(),
        kind: target.kind(),
        target: target.shown(home),
        suggestions: suggestions(text, history, colleagues),
        problem: (target.kind() != TargetKind::Empty && home.is_none()).then(|| Problem::new(ErrorCode::NoAccount)),
    }
}

/// Each party once, those whose name or number begins with the text first, then the newest first, then colleagues who
/// were never called.
fn suggestions(text: &str, history: &[HistoryEntry], colleagues: &[Colleague]) -> Vec<Suggestion> {
    let wanted = Wanted::new(text);
    let called = history.iter().map(|entry| (entry.party.clone(), Some(entry.started_at)));
    let others = colleagues.iter().filter_map(|colleague| Some((as_party(colleague)?, None)));
    let mut found: Vec<(Match, Suggestion)> = Vec::new();
    for (party, last_call) in called.chain(others).filter(|(party, _)| party.address.is_some()) {
        let Some(how) = wanted.matches(&party) else { continue };
        if found.iter().all(|(_, other)| other.party.address != party.address) {
            found.push((how, Suggestion { party, last_call }));
        }
    }
    found.sort_by_key(|(how, _)| *how);
    found.into_iter().map(|(_, suggestion)| suggestion).take(SHOWN).collect()
}

/// By the personal number, else by the first other one.
fn as_party(Colleague { name, extension, numbers, .. }: &Colleague) -> Option<Party> {
    let number = extension.as_ref().or(numbers.first())?.clone();
    Some(Party { name: Some(name.clone()), address: Some(number.clone()), number })
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    Start,
    Within,
}

struct Wanted {
    words: String,
    digits: String,
}

impl Wanted {
    fn new(text: &str) -> Self {
        Self { words: text.trim().to_lowercase(), digits: digits(text) }
    }

    fn matches(&self, party: &Party) -> Option<Match> {
        if self.words.is_empty() {
            return None;
        }
        let name = party.name.as_deref().unwrap_or_default().to_lowercase();
        let number = party.number.to_lowercase();
        let starts = |text: &str| text.split_whitespace().any(|word| word.starts_with(&self.words));
        if name.starts_with(&self.words) || starts(&name) || number.starts_with(&self.words) {
            return Some(Match::Start);
        }
        let by_digits = !self.digits.is_empty() && digits(&number).contains(&self.digits);
        (name.contains(&self.words) || number.contains(&self.words) || by_digits).then_some(Match::Within)
    }
}

/// Digits alone, if the text is nothing but a number.
fn digits(text: &str) -> String {
    if text.chars().any(char::is_alphabetic) {
        return String::new();
    }
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use bellbird_contract::server::{Presence, UserId};
    use bellbird_contract::{Party, ToneCountry};

    use super::*;
    use crate::history::tests::entry;

    fn named(name: &str, number: &str, at: u64) -> HistoryEntry {
        let party = Party { name: Some(name.to_owned()), number: number.to_owned(), address: Some(number.to_owned()) };
        HistoryEntry { party, ..entry(number, number, at) }
    }

    fn colleague(name: &str, extension: &str) -> Colleague {
        Colleague {
            id: UserId(1),
            name: name.to_owned(),
            extension: Some(extension.to_owned()),
            numbers: Vec::new(),
            presence: Presence::Available,
            since: None,
            until: None,
        }
    }

    fn found(text: &str) -> Vec<String> {
        let history = [
            named("Anna Bakker", "602", 9),
            named("Johan Anema", "0600127781", 8),
            named("Anna Bakker", "602", 7),
            named("Piet Zwart", "0200128840", 6),
        ];
        let colleagues = [colleague("Anna Bakker", "602"), colleague("Tom Hughes", "603")];
        let looked_up = look_up(text, &Emergency::Country(ToneCountry::Nl), None, &history, &colleagues);
        looked_up.suggestions.into_iter().filter_map(|suggestion| suggestion.party.name).collect()
    }

    #[test]
    fn party_is_found_by_any_word_of_the_name_once() {
        assert_eq!(found("an"), ["Anna Bakker", "Johan Anema"]);
        assert_eq!(found("bak"), ["Anna Bakker"]);
    }

    #[test]
    fn colleague_who_was_never_called_is_found_by_name_and_number() {
        assert_eq!(found("hugh"), ["Tom Hughes"]);
        assert_eq!(found("60"), ["Anna Bakker", "Tom Hughes", "Johan Anema"]);
    }

    #[test]
    fn party_is_found_by_digits_within_the_number() {
        assert_eq!(found("0012 8"), ["Piet Zwart"]);
        assert_eq!(found("06 0012"), ["Johan Anema"]);
    }

    #[test]
    fn nothing_typed_finds_nothing() {
        assert_eq!(found("  "), [""; 0]);
    }
}
