use bellbird_sip::agent::Reply;
use bellbird_sip::message::{Contact, Fields, HeaderName, NameAddr, Request};
use bellbird_sip::status::StatusCode;
use bellbird_sip::uri::{Scheme, Uri};

use super::{BindingKey, RegistrarConfig};

/// What a REGISTER asks for.
#[derive(Clone, Debug)]
pub(super) enum Wishes {
    /// Just tell what there is.
    Query,
    /// `Contact: *`
    RemoveAll,
    /// Each Contact by itself.
    Each(Vec<Wish>),
}

/// One Contact.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) key: BindingKey,
    pub(super) contact: Uri,
    /// In s; zero removes.
    pub(super) expires: u32,
    pub(super) q: u16,
    pub(super) instance: Option<String>,
}

/// Contacts of one REGISTER.
const MAX_CONTACTS: usize = 10;

/// RFC 3261 §10.3, steps 6 and 7.
pub(super) fn wishes(request: &Request, config: &RegistrarConfig) -> Result<Wishes, Reply> {
    let headers = &request.headers;
    let contacts: Vec<_> = headers.contacts().take(MAX_CONTACTS + 1).collect();
    if contacts.len() > MAX_CONTACTS {
        return Err(bad("Too many Contacts"));
    }
    if contacts.iter().any(|contact| matches!(contact, Ok(Contact::Any))) {
        let alone = contacts.len() == 1 && headers.expires() == Some(0);
        return if alone { Ok(Wishes::RemoveAll) } else { Err(bad("Contact: * only alone and with Expires: 0")) };
    }
    if contacts.is_empty() {
        return Ok(Wishes::Query);
    }
    let wishes: Result<Vec<Wish>, Reply> = contacts
        .into_iter()
        .map(|contact| match contact {
            Ok(Contact::Address(address)) => wish(address, headers.expires(), config),
            Ok(Contact::Any) | Err(_) => Err(bad("Unreadable Contact")),
        })
        .collect();
    wishes.map(Wishes::Each)
}

fn wish(address: NameAddr<'_>, all: Option<u32>, config: &RegistrarConfig) -> Result<Wish, Reply> {
    if !matches!(address.uri.scheme(), Scheme::Sip | Scheme::Sips) || address.uri.host().is_none() {
        return Err(bad("Only sip: and sips: can be registered"));
    }
    let contact = Contact::Address(address);
    let asked = contact.expires().or(all).unwrap_or(config.default_expires);
    if asked != 0 && asked < config.min_expires {
        let reply = Reply::new(StatusCode::INTERVAL_TOO_BRIEF);
        return Err(reply.with(HeaderName::MinExpires, config.min_expires));
    }
    let instance = address.params.text("+sip.instance");
    let instance = instance.map(|instance| instance.trim_matches(['<', '>']).to_ascii_lowercase());
    let reg_id = address.params.get("reg-id").and_then(|number| number.parse().ok());
    let uri = address.uri.to_owned();
    let key = match (&instance, reg_id) {
        (Some(instance), Some(reg_id)) => BindingKey::Outbound { instance: instance.clone(), reg_id },
        (_, _) => BindingKey::Contact(canonical(&uri)),
    };
    Ok(Wish { key, contact: uri, expires: asked.min(config.max_expires), q: contact.q(), instance })
}

/// What counts in a comparison of Contacts: user as it is, host and port without regard to case, transport.
fn canonical(uri: &Uri) -> String {
    let user = uri.user().unwrap_or_default();
    let host = uri.host().map(|host| host.as_str().to_ascii_lowercase()).unwrap_or_default();
    let scheme = if uri.scheme() == Scheme::Sips { "sips" } else { "sip" };
    let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
    let transport = uri.param("transport").map(|name| format!(";transport={}", name.to_ascii_lowercase()));
    format!("{scheme}:{user}@{host}{port}{}", transport.unwrap_or_default())
}

fn bad(words: &'static str) -> Reply {
    Reply::new(StatusCode::BAD_REQUEST).saying(words)
}
