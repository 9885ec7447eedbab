//! The configuration: one TOML file, over it the environment (`BELLBIRD_…`), over that the flags.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;
use thiserror::Error;

mod acme;

pub use acme::Acme;
pub(crate) use acme::is_public_name;

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
    /// The certificate chain for HTTPS and SIP over TLS, own certificate first, PEM.
    #[arg(long, env = "BELLBIRD_CERTIFICATE", value_name = "FILE", global = true)]
    pub certificate: Option<PathBuf>,
    /// Its private key, PEM.
    #[arg(long, env = "BELLBIRD_KEY", value_name = "FILE", global = true)]
    pub key: Option<PathBuf>,
    /// acme: certificates by RFC 8555, as of Let's Encrypt. lan: of an authority of the server's own, for a network that has
    /// no other.
    #[arg(long, env = "BELLBIRD_TLS", value_name = "KIND", global = true)]
    pub tls: Option<String>,
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
    /// Where certificates come from.
    pub tls: Tls,
    /// Whether the API's socket speaks TLS itself, where there is a certificate.
    pub http_tls: bool,
    /// What is logged.
    pub log: String,
    /// Logs as JSON, a line each.
    pub log_json: bool,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// Machines besides this one that may read the figures.
    pub metrics_from: Vec<std::net::IpAddr>,
    /// What phones are told about the SIP side.
    pub sip: Sip,
}

/// Where the certificates of HTTPS and of SIP over TLS come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// There are none.
    #[default]
    None,
    /// Two PEM files, which are looked at again while the server runs.
    Files {
        /// The chain, own certificate first.
        certificate: PathBuf,
        /// The private key.
        key: PathBuf,
    },
    /// An authority of the server's own, kept in the data folder.
    Lan,
    /// An authority that speaks ACME (RFC 8555).
    Acme(Box<Acme>),
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
    /// Ports for sound, from and to: two for each stream of a call's side.
    pub media_ports: (u16, u16),
}

/// Ports for sound where none are named: 2,500 streams.
const MEDIA_PORTS: (u16, u16) = (40_000, 49_999);

impl Default for Sip {
    fn default() -> Self {
        Self {
            listen: vec!["udp://0.0.0.0:5060".into(), "tcp://0.0.0.0:5060".into()],
            servers: Vec::new(),
            ice_servers: Vec::new(),
            public_address: None,
            media_address: None,
            media_ports: MEDIA_PORTS,
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
            .field("tls", &self.tls)
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
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    tls: Option<String>,
    acme: Option<Acme>,
    http_tls: Option<bool>,
    log: Option<String>,
    log_json: bool,
    trusted_proxies: Vec<std::net::IpAddr>,
    metrics_from: Vec<std::net::IpAddr>,
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
        Self::merge(file, flags.clone())?.check()
    }

    /// The same on this machine alone, where nobody said where SIP listens.
    #[must_use]
    pub fn on_loopback(mut self) -> Self {
        if self.sip.listen == Sip::default().listen {
            self.sip.listen = self.sip.listen.iter().map(|socket| socket.replace("0.0.0.0", "127.0.0.1")).collect();
        }
        self
    }

    fn merge(file: File, flags: Flags) -> Result<Self, ConfigError> {
        let http = flags.http.or(file.http).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)));
        let kind = flags.tls.or(file.tls);
        let files = (flags.certificate.or(file.certificate), flags.key.or(file.key));
        let tls = tls(kind.as_deref(), files, file.acme)?;
        let http_tls = tls != Tls::None && file.http_tls != Some(false);
        let scheme = if http_tls { "https" } else { "http" };
        let public_url = flags.public_url.or(file.public_url).unwrap_or_else(|| format!("{scheme}://{http}"));
        let mut sip = file.sip;
        if !flags.sip.is_empty() {
            sip.listen = flags.sip;
        }
        if sip.servers.is_empty() {
            let host = host_of(&public_url);
            sip.servers = sip.listen.iter().filter_map(|listen| as_seen(listen, host)).collect();
            sip.servers.sort_by_key(|server| preference(server));
        }
        Ok(Self {
            data: flags.data.or(file.data).unwrap_or_else(|| "/var/lib/bellbird".into()),
            database: flags.database.or(file.database),
            http,
            public_url: public_url.trim_end_matches('/').to_owned(),
            portal: flags.portal.or(file.portal),
            tls,
            http_tls,
            log: flags.log.or(file.log).unwrap_or_else(|| "info".into()),
            log_json: file.log_json,
            trusted_proxies: file.trusted_proxies,
            metrics_from: file.metrics_from,
            sip,
        })
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
            if self.tls == Tls::None && (listen.starts_with("tls://") || listen.starts_with("wss://")) {
                return unusable("sip.listen", listen, NO_CERTIFICATE);
            }
        }
        if let Tls::Acme(acme) = &self.tls {
            acme.check(&self.public_url, self.http)?;
        }
        let (least, most) = self.sip.media_ports;
        if least < 1_024 || most < least.saturating_add(7) {
            let problem = "write it as [40000, 49999]: from 1024 up, with room for one call, which takes eight ports";
            return unusable("sip.media_ports", &format!("[{least}, {most}]"), problem);
        }
        Ok(self)
    }

    /// Whether browsers reach us encrypted: then cookies are for encrypted connections only.
    pub fn is_encrypted(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

const NO_CERTIFICATE: &str = "this needs a certificate. Name one with `certificate` and `key`, have one made with tls = \"acme\", \
    or write tls = \"lan\" for a network without one";

fn tls(kind: Option<&str>, files: (Option<PathBuf>, Option<PathBuf>), acme: Option<Acme>) -> Result<Tls, ConfigError> {
    let unusable = |key, value: String, problem| Err(ConfigError::Unusable { key, value, problem });
    let path = |path: PathBuf| path.display().to_string();
    if kind != Some("acme")
        && let Some(acme) = acme
    {
        return unusable("acme.directory", acme.directory, "[acme] is for tls = \"acme\": write that, or take it out");
    }
    match (kind, files) {
        (None, (None, None)) => Ok(Tls::None),
        (None, (Some(certificate), Some(key))) => Ok(Tls::Files { certificate, key }),
        (Some("lan"), (None, None)) => Ok(Tls::Lan),
        (Some("acme"), (None, None)) => Ok(Tls::Acme(Box::new(acme.unwrap_or_default()))),
        (Some(made @ ("lan" | "acme")), _) => {
            unusable("tls", made.to_owned(), "the server sees to certificates itself: take out `certificate` and `key`")
        }
        (Some(other), _) => unusable(
            "tls",
            other.to_owned(),
            "write it as \"acme\" or \"lan\", or take it out and name `certificate` and `key`",
        ),
        (None, (Some(certificate), None)) => {
            unusable("certificate", path(certificate), "a certificate needs its private key: name it with `key`")
        }
        (None, (None, Some(key))) => {
            unusable("key", path(key), "a key needs its certificate: name it with `certificate`")
        }
    }
}

/// Phones take the first that they can: what is encrypted, then what never loses a large request.
fn preference(server: &str) -> usize {
    ["tls", "wss", "tcp", "udp"].iter().position(|scheme| server.starts_with(scheme)).unwrap_or(usize::MAX)
}

/// The host of a URL, without its port.
pub(crate) fn host_of(url: &str) -> &str {
    let authority = url.split("://").nth(1).unwrap_or_default().split('/').next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
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
        let config = Config::merge(file, flags).unwrap();
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

    fn refusal(text: &str) -> String {
        let file: File = toml::from_str(text).unwrap();
        Config::merge(file, Flags::default()).and_then(Config::check).unwrap_err().to_string()
    }

    #[test]
    fn half_a_certificate_and_tls_without_one_are_refused_with_what_to_do() {
        assert!(refusal("certificate = \"/etc/x.pem\"").contains("name it with `key`"));
        assert!(refusal("key = \"/etc/x.key\"").contains("name it with `certificate`"));
        assert!(refusal("tls = \"files\"").contains("\"lan\""));
        assert!(refusal("tls = \"acme\"\nkey = \"/x\"").contains("take out"));
        assert!(refusal("[acme]").contains("tls = \"acme\""));
        assert!(refusal("tls = \"lan\"\nkey = \"/x\"").contains("take out"));
        assert!(refusal("[sip]\nlisten = [\"tls://0.0.0.0:5061\"]").contains("`certificate` and `key`"));
        assert!(refusal("[sip]\nmedia_ports = [40000, 40002]").contains("eight ports"));
        assert!(refusal("[sip]\nmedia_ports = [50000, 40000]").starts_with("sip.media_ports"));
    }

    #[test]
    fn with_a_certificate_everything_is_encrypted_and_phones_are_told_the_encrypted_way_first() {
        let text = "tls = \"lan\"\n[sip]\nlisten = [\"udp://0.0.0.0:5060\", \"tls://0.0.0.0:5061\"]";
        let config = Config::merge(toml::from_str(text).unwrap(), Flags::default()).and_then(Config::check).unwrap();
        assert!(config.http_tls && config.is_encrypted());
        assert_eq!(config.sip.servers, ["tls://127.0.0.1:5061", "udp://127.0.0.1:5060"]);
        let behind_a_proxy = "tls = \"lan\"\nhttp_tls = false";
        let config = Config::merge(toml::from_str(behind_a_proxy).unwrap(), Flags::default()).unwrap();
        assert_eq!(config.public_url, "http://127.0.0.1:8080");
    }

    #[test]
    fn the_host_of_a_url_is_read_with_and_without_port() {
        assert_eq!(host_of("https://bel.fiets.example"), "bel.fiets.example");
        assert_eq!(host_of("https://bel.fiets.example:8443/x"), "bel.fiets.example");
        assert_eq!(host_of("http://[::1]:8080"), "[::1]");
    }
}
