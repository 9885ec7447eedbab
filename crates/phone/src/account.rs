use bellbird_base::{Codec, Duration, FlowId, Protocol};
use bellbird_contract::{
    AccountDraft, AccountId, AccountSettings, AccountView, CodecName, ErrorCode, Problem, Registration, Secret,
    SrtpPolicy, Transport,
};
use bellbird_sip::agent::{self, AccountConfig, AccountCredentials, Callers};
use bellbird_sip::uri::Uri;

use crate::target::Home;

/// An account: what was typed, and how it stands with its server.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: AccountId,
    pub(crate) agent: agent::AccountId,
    pub(crate) settings: AccountSettings,
    pub(crate) secret: Option<Secret>,
    /// The realm that MD5 is not answered for any more.
    pub(crate) pin: Option<String>,
    pub(crate) registration: Registration,
    /// Whether the last failure was that no server was reached.
    pub(crate) reach: Reach,
    pub(crate) home: Home,
}

/// How far an account's requests get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Not known, or the server answers.
    Unknown,
    /// Over this flow.
    Flow(FlowId, Protocol),
    /// Nowhere.
    Nowhere,
}

impl Account {
    pub(crate) fn view(&self) -> AccountView {
        AccountView {
            id: self.id,
            settings: self.settings.clone(),
            address: address(&self.settings),
            registration: self.registration.clone(),
        }
    }

    /// Whether SDP can't be read on the way: keys in it are private.
    pub(crate) fn is_private(&self) -> bool {
        match self.reach {
            Reach::Flow(_, protocol) => protocol.is_secure(),
            Reach::Unknown | Reach::Nowhere => matches!(self.settings.transport, Transport::Tls | Transport::Wss),
        }
    }

    /// Keys are offered only where nobody can read them on the way, unless the user demands encryption: then the call
    /// is better encrypted with readable keys than refused, and the lock does not show.
    pub(crate) fn srtp_for_offers(&self) -> SrtpPolicy {
        match self.srtp_for_answers() {
            SrtpPolicy::Required => SrtpPolicy::Required,
            SrtpPolicy::Optional if self.is_private() => SrtpPolicy::Optional,
            SrtpPolicy::Optional | SrtpPolicy::Off | SrtpPolicy::Unknown => SrtpPolicy::Off,
        }
    }

    pub(crate) fn srtp_for_answers(&self) -> SrtpPolicy {
        let policy = self.settings.srtp;
        if policy == SrtpPolicy::Unknown { SrtpPolicy::Optional } else { policy }
    }

    pub(crate) fn codecs(&self) -> Vec<Codec> {
        let chosen: Vec<Codec> = self.settings.codecs.iter().copied().filter_map(codec).collect();
        if chosen.is_empty() { Codec::ALL.to_vec() } else { chosen }
    }

    /// The server as people write it, for sentences.
    pub(crate) fn server(&self) -> String {
        server(&self.settings)
    }
}

/// `linda@fiets.example`.
pub(crate) fn address(settings: &AccountSettings) -> String {
    format!("{}@{}", settings.user_name.trim(), settings.domain.trim())
}

pub(crate) fn server(settings: &AccountSettings) -> String {
    settings.server.clone().filter(|server| !server.is_empty()).unwrap_or_else(|| settings.domain.clone())
}

/// What was typed with blanks trimmed and `sip:` taken off; the field that can't be right where there is one.
pub(crate) fn tidy(draft: &AccountDraft) -> Result<(AccountSettings, Home), Problem> {
    let mut settings = draft.settings.clone();
    let domain = settings.domain.trim().trim_start_matches("sip:");
    let (user, domain) = match (settings.user_name.trim().is_empty(), domain.rsplit_once('@')) {
        (true, Some((user, domain))) => (user.to_owned(), domain.to_owned()),
        _ => (settings.user_name.trim().trim_start_matches("sip:").to_owned(), domain.to_owned()),
    };
    // A whole address in the user name's field is what an invitation often says.
    let user = user.strip_suffix(&format!("@{domain}")).unwrap_or(&user).to_owned();
    settings.server = trimmed(settings.server);
    settings.auth_name = trimmed(settings.auth_name);
    settings.display_name = trimmed(settings.display_name);
    let home = Home::parse(&domain).ok_or_else(|| invalid("domain"))?;
    if user.is_empty() || home.address_of(&user).is_none() {
        return Err(invalid("userName"));
    }
    if settings.server.as_deref().is_some_and(|server| Server::parse(server).is_none()) {
        return Err(invalid("server"));
    }
    Ok((AccountSettings { domain, user_name: user, ..settings }, home))
}

fn trimmed(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn invalid(field: &str) -> Problem {
    Problem::new(ErrorCode::FieldInvalid).with("field", field)
}

/// Where an account's requests go, when it is not the domain itself.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Server {
    uri: Uri,
    protocol: Option<Protocol>,
    path: String,
}

impl Server {
    /// `host`, `host:port`, `sip:host;transport=tcp`, `ws://host:port/path`.
    fn parse(text: &str) -> Option<Self> {
        if let Some((scheme, rest)) = text.split_once("://") {
            return Self::web_socket(scheme, rest);
        }
        if let Some(uri) = text.split_once(':').filter(|(scheme, _)| is_sip(scheme)).map(|_| Uri::parse(text)) {
            let uri = uri.ok()?;
            let protocol = uri.param("transport").and_then(protocol_named);
            return Some(Self { uri, protocol, path: String::new() });
        }
        let home = Home::parse(text)?;
        Some(Self { uri: Uri::sip(None, &home.host, home.port).ok()?, protocol: None, path: String::new() })
    }

    fn web_socket(scheme: &str, rest: &str) -> Option<Self> {
        let protocol = match scheme.to_ascii_lowercase().as_str() {
            "ws" => Protocol::Ws,
            "wss" => Protocol::Wss,
            _ => return None,
        };
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let home = Home::parse(host)?;
        let uri = Uri::sip(None, &home.host, home.port).ok()?;
        Some(Self { uri, protocol: Some(protocol), path: path.to_owned() })
    }
}

fn is_sip(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("sip") || scheme.eq_ignore_ascii_case("sips")
}

fn protocol_named(name: &str) -> Option<Protocol> {
    [Protocol::Udp, Protocol::Tcp, Protocol::Tls, Protocol::Ws, Protocol::Wss]
        .into_iter()
        .find(|protocol| protocol.via_name().eq_ignore_ascii_case(name))
}

/// What the user agent has to know of an account.
pub(crate) fn agent_config(
    settings: &AccountSettings,
    home: &Home,
    secret: Option<&Secret>,
    pin: Option<&str>,
    instance_id: Option<&str>,
) -> Option<AccountConfig> {
    let address = Uri::sip(Some(&settings.user_name), &home.host, None).ok()?;
    let server = settings.server.as_deref().and_then(Server::parse);
    let protocol = protocol(settings.transport).or_else(|| server.as_ref().and_then(|server| server.protocol));
    let base = AccountConfig {
        display_name: settings.display_name.clone(),
        protocol,
        websocket_path: server.as_ref().map(|server| server.path.clone()).unwrap_or_default(),
        outbound_proxy: server.map(|server| server.uri),
        credentials: secret.map(|secret| credentials(settings, secret, pin)),
        instance_id: instance_id.map(str::to_owned),
        expires: Duration::from_secs(600),
        ..AccountConfig::local(address)
    };
    if !settings.register {
        return Some(base);
    }
    let registrar = Uri::sip(None, &home.host, home.port).ok()?;
    Some(AccountConfig { registrar: Some(registrar), callers: Callers::Servers, ..base })
}

fn credentials(settings: &AccountSettings, secret: &Secret, pin: Option<&str>) -> AccountCredentials {
    AccountCredentials {
        username: settings.auth_name.clone().unwrap_or_else(|| settings.user_name.clone()),
        password: agent::Secret::new(secret.expose()),
        realm: pin.map(str::to_owned),
        sha256_only: pin.is_some(),
    }
}

const fn protocol(transport: Transport) -> Option<Protocol> {
    match transport {
        Transport::Automatic | Transport::Unknown => None,
        Transport::Udp => Some(Protocol::Udp),
        Transport::Tcp => Some(Protocol::Tcp),
        Transport::Tls => Some(Protocol::Tls),
        Transport::Ws => Some(Protocol::Ws),
        Transport::Wss => Some(Protocol::Wss),
    }
}

/// A transport as the UI names it.
pub(crate) const fn transport(protocol: Protocol) -> Transport {
    match protocol {
        Protocol::Udp => Transport::Udp,
        Protocol::Tcp => Transport::Tcp,
        Protocol::Tls => Transport::Tls,
        Protocol::Ws => Transport::Ws,
        Protocol::Wss => Transport::Wss,
    }
}

const fn codec(name: CodecName) -> Option<Codec> {
    match name {
        CodecName::Opus => Some(Codec::Opus),
        CodecName::G722 => Some(Codec::G722),
        CodecName::Pcma => Some(Codec::Pcma),
        CodecName::Pcmu => Some(Codec::Pcmu),
        CodecName::Unknown => None,
    }
}

/// A codec as the UI names it.
pub(crate) const fn codec_name(codec: Codec) -> CodecName {
    match codec {
        Codec::Opus => CodecName::Opus,
        Codec::G722 => CodecName::G722,
        Codec::Pcma => CodecName::Pcma,
        Codec::Pcmu => CodecName::Pcmu,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(domain: &str, user: &str) -> AccountDraft {
        let settings = AccountSettings { domain: domain.to_owned(), user_name: user.to_owned(), ..Default::default() };
        AccountDraft { settings, secret: None }
    }

    #[test]
    fn address_in_one_field_is_taken_apart() {
        let (settings, _) = tidy(&draft(" sip:linda@fiets.example ", "")).unwrap();
        assert_eq!((settings.user_name.as_str(), settings.domain.as_str()), ("linda", "fiets.example"));
        let (settings, _) = tidy(&draft("fiets.example", "linda@fiets.example")).unwrap();
        assert_eq!(settings.user_name, "linda");
    }

    #[test]
    fn field_that_can_not_be_right_is_named() {
        let field = |draft| tidy(&draft).unwrap_err().params["field"].clone();
        assert_eq!(field(draft("not a domain", "linda")), "domain");
        assert_eq!(field(draft("fiets.example", " ")), "userName");
        let mut with_server = draft("fiets.example", "linda");
        with_server.settings.server = Some("http://x".to_owned());
        assert_eq!(field(with_server), "server");
    }

    #[test]
    fn server_is_understood_in_all_its_forms() {
        let parsed = |text| Server::parse(text).unwrap();
        assert_eq!(parsed("bel.example:5070").uri.as_str(), "sip:bel.example:5070");
        assert_eq!(parsed("sip:bel.example;transport=tcp").protocol, Some(Protocol::Tcp));
        let web = parsed("wss://bel.example:8443/sip");
        assert_eq!(
            (web.uri.as_str(), web.protocol, web.path.as_str()),
            ("sip:bel.example:8443", Some(Protocol::Wss), "/sip")
        );
        assert_eq!(Server::parse("a b"), None);
    }

    #[test]
    fn account_that_does_not_register_takes_calls_from_anyone() {
        let mut draft = draft("127.0.0.1:5070", "linda");
        draft.settings.register = false;
        let (settings, home) = tidy(&draft).unwrap();
        let config = agent_config(&settings, &home, None, None, None).unwrap();
        assert_eq!(config.callers, Callers::Anyone);
        assert_eq!(config.registrar, None);
        let registering = AccountSettings { register: true, ..settings };
        let config = agent_config(&registering, &home, None, None, None).unwrap();
        assert_eq!(config.callers, Callers::Servers);
        assert_eq!(config.registrar.unwrap().as_str(), "sip:127.0.0.1:5070");
    }
}
