//! The configuration: one TOML file, over it the environment (`BELLBIRD_…`), over that the flags.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;
use thiserror::Error;

/// Where the server looks if nobody names a file.
pub const DEFAULT_FILE: &str = "/etc/bellbird/server.toml";

/// What the flags and the environment may say instead of the file.
#[derive(Clone, Debug, Default, Args)]
pub struct Flags {
    /// The configuration file. Without one, built-in values hold.
    #[arg(long, env = "BELLBIRD_CONFIG", value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// The folder of the database.
    #[arg(long, env = "BELLBIRD_DATA", value_name = "FOLDER", global = true)]
    pub data: Option<PathBuf>,
    /// PostgreSQL instead of the folder's SQLite: postgresql://user@host/database
    #[arg(long, env = "BELLBIRD_DATABASE", value_name = "URL", global = true, hide_env_values = true)]
    pub database: Option<String>,
    /// Where the API and the portal listen.
    #[arg(long, env = "BELLBIRD_HTTP", value_name = "ADDRESS:PORT", global = true)]
    pub http: Option<SocketAddr>,
    /// How people and apps reach the server: https://bellbird.example.com
    #[arg(long, env = "BELLBIRD_PUBLIC_URL", value_name = "URL", global = true)]
    pub public_url: Option<String>,
    /// Where SIP listens, with commas between: udp://0.0.0.0:5060,tcp://0.0.0.0:5060
    #[arg(long, env = "BELLBIRD_SIP", value_name = "SOCKETS", value_delimiter = ',', global = true)]
    pub sip: Vec<String>,
    /// The folder of the portal's files.
    #[arg(long, env = "BELLBIRD_PORTAL", value_name = "FOLDER", global = true)]
    pub portal: Option<PathBuf>,
    /// How much is logged: error, warn, info, debug or trace, also by module as in bellbird_server=debug.
    #[arg(long, env = "BELLBIRD_LOG", value_name = "LEVEL", global = true)]
    pub log: Option<String>,
}

/// What holds.
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    /// The folder of the SQLite database, its copies and the set-up link.
    pub data: PathBuf,
    /// PostgreSQL's URL, if not SQLite.
    pub database: Option<String>,
    /// The API's and the portal's socket.
    pub http: SocketAddr,
    /// How people and apps reach it, without a slash at the end.
    pub public_url: String,
    /// The portal's built files.
    pub portal: Option<PathBuf>,
    /// What is logged.
    pub log: String,
    /// Logs as JSON, a line each.
    pub log_json: bool,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// What phones are told about the SIP side.
    pub sip: Sip,
}

/// What phones are told about the SIP side.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sip {
    /// Sockets that SIP listens on, by transport: `udp://0.0.0.0:5060`.
    pub listen: Vec<String>,
    /// Addresses that phones are given, best first: `tls://sip.example.com:5061`. Empty: the sockets above, at the host
    /// of `public_url`.
    pub servers: Vec<String>,
    /// STUN and TURN servers: `stun:stun.example.com:3478`.
    pub ice_servers: Vec<String>,
    /// Our address as the outside sees it, behind a 1:1 NAT.
    pub public_address: Option<std::net::IpAddr>,
    /// The address for sound, if another one.
    pub media_address: Option<std::net::IpAddr>,
}

impl Default for Sip {
    fn default() -> Self {
        Self {
            listen: vec!["udp://0.0.0.0:5060".into(), "tcp://0.0.0.0:5060".into()],
            servers: Vec::new(),
            ice_servers: Vec::new(),
            public_address: None,
            media_address: None,
        }
    }
}

impl fmt::Debug for Config {
    /// A database URL can hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("data", &self.data)
            .field("database", &self.database.as_ref().map(|_| "postgresql://…"))
            .field("http", &self.http)
            .field("public_url", &self.public_url)
            .field("portal", &self.portal)
            .field("log", &self.log)
            .field("sip", &self.sip)
            .finish_non_exhaustive()
    }
}

/// The file as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    data: Option<PathBuf>,
    database: Option<String>,
    http: Option<SocketAddr>,
    public_url: Option<String>,
    portal: Option<PathBuf>,
    log: Option<String>,
    log_json: bool,
    trusted_proxies: Vec<std::net::IpAddr>,
    sip: Sip,
}

/// What is wrong with the configuration, where, and what to do.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("{path} can't be read: {error}. Name another file with --config, or make it readable for this user.")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        error: std::io::Error,
    },
    /// Something in the file is not understood.
    #[error("{path}, line {line}: {problem}\n    {text}\nCorrect this line, or take it out to get the built-in value.")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What the parser says.
        problem: String,
        /// The line as it stands.
        text: String,
    },
    /// A value can't be used.
    #[error("{key} = {value:?}: {problem}")]
    Unusable {
        /// The key in the file; its flag has the same name.
        key: &'static str,
        /// What it says.
        value: String,
        /// What is wrong and what to do.
        problem: &'static str,
    },
}

impl Config {
    /// Puts file, environment and flags together.
    pub fn load(flags: &Flags) -> Result<Self, ConfigError> {
        let file = match &flags.config {
            Some(path) => read(path)?,
            None if Path::new(DEFAULT_FILE).exists() => read(Path::new(DEFAULT_FILE))?,
            None => File::default(),
        };
        Self::merge(file, flags.clone()).check()
    }

    /// The same on this machine alone, where nobody said where SIP listens.
    #[must_use]
    pub fn on_loopback(mut self) -> Self {
        if self.sip.listen == Sip::default().listen {
            self.sip.listen = self.sip.listen.iter().map(|socket| socket.replace("0.0.0.0", "127.0.0.1")).collect();
        }
        self
    }

    fn merge(file: File, flags: Flags) -> Self {
        let http = flags.http.or(file.http).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)));
        let public_url = flags.public_url.or(file.public_url).unwrap_or_else(|| format!("http://{http}"));
        let mut sip = file.sip;
        if !flags.sip.is_empty() {
            sip.listen = flags.sip;
        }
        if sip.servers.is_empty() {
            let host = public_url.split("://").nth(1).unwrap_or_default();
            let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_end_matches('/');
            sip.servers = sip.listen.iter().filter_map(|listen| as_seen(listen, host)).collect();
        }
        Self {
            data: flags.data.or(file.data).unwrap_or_else(|| "/var/lib/bellbird".into()),
            database: flags.database.or(file.database),
            http,
            public_url: public_url.trim_end_matches('/').to_owned(),
            portal: flags.portal.or(file.portal),
            log: flags.log.or(file.log).unwrap_or_else(|| "info".into()),
            log_json: file.log_json,
            trusted_proxies: file.trusted_proxies,
            sip,
        }
    }

    fn check(self) -> Result<Self, ConfigError> {
        let unusable = |key, value: &str, problem| Err(ConfigError::Unusable { key, value: value.to_owned(), problem });
        if !self.public_url.starts_with("https://") && !self.public_url.starts_with("http://") {
            return unusable("public_url", &self.public_url, "write it as https://name or http://name:port");
        }
        if let Some(database) = &self.database
            && !database.starts_with("postgresql://")
            && !database.starts_with("postgres://")
            && !database.starts_with("host=")
        {
            return unusable(
                "database",
                "…",
                "write it as postgresql://user@host/database, or leave it out for SQLite",
            );
        }
        for listen in &self.sip.listen {
            if !["udp://", "tcp://", "tls://", "ws://", "wss://"].iter().any(|scheme| listen.starts_with(scheme)) {
                return unusable("sip.listen", listen, "write it as udp://0.0.0.0:5060 (or tcp, tls, ws, wss)");
            }
        }
        Ok(self)
    }

    /// Whether browsers reach us encrypted: then cookies are for encrypted connections only.
    pub fn is_encrypted(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

/// A socket of ours as phones reach it, where nobody says otherwise.
fn as_seen(listen: &str, host: &str) -> Option<String> {
    let (scheme, address) = listen.split_once("://")?;
    let (_, port) = address.rsplit_once(':')?;
    Some(format!("{scheme}://{host}:{port}"))
}

fn read(path: &Path) -> Result<File, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable { path: path.to_owned(), error })?;
    toml::from_str(&text).map_err(|error| malformed(path, &text, &error))
}

fn malformed(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = text[..start].matches('\n').count() + 1;
    ConfigError::Malformed {
        path: path.to_owned(),
        line,
        problem: error.message().to_owned(),
        text: text.lines().nth(line - 1).unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_the_file_and_the_file_over_built_in_values() {
        let file: File = toml::from_str("http = \"127.0.0.1:9000\"\nlog = \"debug\"").unwrap();
        let flags = Flags { log: Some("warn".into()), ..Flags::default() };
        let config = Config::merge(file, flags);
        assert_eq!((config.http.port(), config.log.as_str()), (9000, "warn"));
        assert_eq!(config.public_url, "http://127.0.0.1:9000");
        assert_eq!(config.data, Path::new("/var/lib/bellbird"));
    }

    #[test]
    fn a_mistake_is_named_with_its_line_and_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.toml");
        std::fs::write(&path, "log = \"info\"\n\nhtttp = \"127.0.0.1:1\"\n").unwrap();
        let flags = Flags { config: Some(path), ..Flags::default() };
        let words = Config::load(&flags).unwrap_err().to_string();
        assert!(words.contains("line 3") && words.contains("htttp") && words.contains("Correct this line"), "{words}");
    }

    #[test]
    fn a_value_that_can_not_be_used_is_named_with_its_key() {
        let flags = Flags { public_url: Some("bellbird.example".into()), ..Flags::default() };
        let words = Config::load(&flags).unwrap_err().to_string();
        assert!(words.starts_with("public_url = \"bellbird.example\""), "{words}");
    }

    #[test]
    fn the_database_password_is_not_in_debug_output() {
        let flags = Flags { database: Some("postgresql://u:hunter2@h/d".into()), ..Flags::default() };
        assert!(!format!("{:?}", Config::load(&flags).unwrap()).contains("hunter2"));
    }
}
