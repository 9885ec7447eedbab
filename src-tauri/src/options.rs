//! The command line: enough to start beside another instance, for tests and demonstrations.

use std::path::PathBuf;

/// What the program was started with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// Where everything is kept, instead of the user's own folders. Also `BELLBIRD_HOME`.
    pub(crate) home: Option<PathBuf>,
    /// Accounts beside the kept ones, from a TOML file; they are not written down.
    pub(crate) accounts: Option<PathBuf>,
    /// Whom to call at once.
    pub(crate) dial: Option<String>,
    /// The server to log in to at once, and as whom; the password comes from `BELLBIRD_SECRET`.
    pub(crate) log_in: Option<LogIn>,
    /// Start without showing the window.
    pub(crate) hidden: bool,
    /// Links to open.
    pub(crate) links: Vec<String>,
}

/// A server and somebody's name there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogIn {
    pub(crate) server: String,
    pub(crate) login: String,
}

impl Options {
    /// Whether this instance stands beside the user's own one, with nothing in common.
    pub(crate) const fn is_apart(&self) -> bool {
        self.home.is_some() || self.accounts.is_some()
    }

    /// Reads arguments, the program's name left out; `home` is what `BELLBIRD_HOME` says.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>, home: Option<PathBuf>) -> Result<Self, String> {
        let mut options = Self { home, ..Self::default() };
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value."));
            match argument.as_str() {
                "--config-dir" => options.home = Some(value()?.into()),
                "--account" => options.accounts = Some(value()?.into()),
                "--dial" => options.dial = Some(value()?),
                "--log-in" => options.log_in = Some(LogIn::parse(&value()?)?),
                "--hidden" => options.hidden = true,
                flag if flag.starts_with("--") => {
                    return Err(format!(
                        "{flag} is unknown. There are --config-dir DIR, --account FILE, --dial TARGET, \
                         --log-in NAME@SERVER and --hidden."
                    ));
                }
                link => options.links.push(link.to_owned()),
            }
        }
        Ok(options)
    }
}

impl LogIn {
    /// `linda@https://phone.example`; an e-mail address may be the name.
    fn parse(typed: &str) -> Result<Self, String> {
        match typed.rsplit_once('@') {
            Some((login, server)) if !login.is_empty() && !server.is_empty() => {
                Ok(Self { server: server.to_owned(), login: login.to_owned() })
            }
            Some(_) | None => {
                Err("--log-in needs a name and a server: --log-in linda@https://phone.example.".to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options, String> {
        Options::parse(arguments.iter().map(|&argument| argument.to_owned()), Some("/from/environment".into()))
    }

    #[test]
    fn flag_comes_before_the_environment() {
        assert_eq!(parse(&[]).unwrap().home, Some("/from/environment".into()));
        assert_eq!(parse(&["--config-dir", "/x"]).unwrap().home, Some("/x".into()));
    }

    #[test]
    fn links_and_flags_are_told_apart() {
        let options = parse(&["--hidden", "tel:601", "--account", "a.toml"]).unwrap();
        assert!(options.hidden);
        assert_eq!(options.links, ["tel:601"]);
        assert_eq!(options.accounts, Some("a.toml".into()));
    }

    #[test]
    fn name_and_server_are_told_apart() {
        let options = parse(&["--log-in", "linda@fiets.example@http://127.0.0.1:8080"]).unwrap();
        let log_in = LogIn { server: "http://127.0.0.1:8080".into(), login: "linda@fiets.example".into() };
        assert_eq!(options.log_in, Some(log_in));
        assert!(parse(&["--log-in", "http://127.0.0.1:8080"]).unwrap_err().contains("--log-in linda@"));
    }

    #[test]
    fn mistake_is_told_in_words() {
        assert!(parse(&["--acount", "x"]).unwrap_err().contains("--account"));
        assert_eq!(parse(&["--account"]).unwrap_err(), "--account needs a value.");
    }
}
