//! What a person or a script wants in mid-call: keys in a terminal, lines on standard input with `--json`.

use std::io::{self, IsTerminal as _};

use crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::terminal;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines, Stdin};

/// A wish for the call that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Answer,
    Hold,
    Resume,
    ToggleHold,
    Mute(bool),
    ToggleMute,
    Digits(String),
    Transfer(String),
    AskFirst(String),
    Complete,
    HangUp,
    Quit,
}

/// What the keys do, for the line that is shown at the start.
pub(crate) const KEYS: &str = "Keys: Enter answers, h holds, m mutes, 0-9 * # are tones, t transfers, q hangs up.";

/// Where wishes come from.
pub(crate) enum Hand {
    Lines(Lines<BufReader<Stdin>>),
    Keys(Keys),
    /// Nobody can say anything.
    None,
}

impl Hand {
    /// Lines with `json`, keys in a terminal, else nothing.
    pub(crate) fn new(json: bool) -> Self {
        if json {
            return Self::Lines(BufReader::new(tokio::io::stdin()).lines());
        }
        if io::stdin().is_terminal() && terminal::enable_raw_mode().is_ok() {
            return Self::Keys(Keys { events: EventStream::new(), target: None });
        }
        Self::None
    }

    /// The next wish; never comes back where nobody can say anything.
    pub(crate) async fn next(&mut self) -> Wish {
        loop {
            match self {
                Self::Lines(lines) => match lines.next_line().await {
                    Ok(Some(line)) => {
                        if let Some(wish) = parse(&line) {
                            return wish;
                        }
                    }
                    Ok(None) | Err(_) => *self = Self::None,
                },
                Self::Keys(keys) => match keys.next().await {
                    Some(wish) => return wish,
                    None => *self = Self::None,
                },
                Self::None => std::future::pending().await,
            }
        }
    }
}

fn parse(line: &str) -> Option<Wish> {
    let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
    let rest = rest.trim().to_owned();
    Some(match word {
        "answer" => Wish::Answer,
        "hold" => Wish::Hold,
        "resume" => Wish::Resume,
        "mute" => Wish::Mute(true),
        "unmute" => Wish::Mute(false),
        "digits" => Wish::Digits(rest),
        "transfer" => Wish::Transfer(rest),
        "attended" => Wish::AskFirst(rest),
        "complete" => Wish::Complete,
        "hangup" => Wish::HangUp,
        "quit" => Wish::Quit,
        _ => return None,
    })
}

/// Keys in a terminal that is in raw mode until this is dropped.
pub(crate) struct Keys {
    events: EventStream,
    /// Where a transfer goes, while it is typed.
    target: Option<String>,
}

impl Keys {
    async fn next(&mut self) -> Option<Wish> {
        loop {
            let event = std::future::poll_fn(|context| {
                use futures_core::Stream as _;
                std::pin::Pin::new(&mut self.events).poll_next(context)
            });
            let Event::Key(key) = event.await?.ok()? else { continue };
            if key.kind != KeyEventKind::Release
                && let Some(wish) = self.press(key)
            {
                return Some(wish);
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "all other keys do nothing")]
    fn press(&mut self, key: KeyEvent) -> Option<Wish> {
        if key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c') {
            return Some(Wish::Quit);
        }
        match &mut self.target {
            Some(target) => match key.code {
                KeyCode::Char(character) => target.push(character),
                KeyCode::Backspace => drop(target.pop()),
                KeyCode::Enter => return self.target.take().filter(|target| !target.is_empty()).map(Wish::Transfer),
                KeyCode::Esc => self.target = None,
                _ => {}
            },
            None => match key.code {
                KeyCode::Enter => return Some(Wish::Answer),
                KeyCode::Char('h') => return Some(Wish::ToggleHold),
                KeyCode::Char('m') => return Some(Wish::ToggleMute),
                KeyCode::Char('t') => self.target = Some(String::new()),
                KeyCode::Char('q') | KeyCode::Esc => return Some(Wish::HangUp),
                KeyCode::Char(digit @ ('0'..='9' | '*' | '#' | 'A'..='D')) => {
                    return Some(Wish::Digits(digit.to_string()));
                }
                _ => {}
            },
        }
        None
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        terminal::disable_raw_mode().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_wishes_and_others_are_passed_over() {
        assert_eq!(parse("digits 12#"), Some(Wish::Digits("12#".into())));
        assert_eq!(parse(" hold "), Some(Wish::Hold));
        assert_eq!(parse("dance"), None);
    }
}
