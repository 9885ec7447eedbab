//! What lamps and lists of others show: `dialog` (RFC 4235), `presence` (RFC 3863, RFC 4480), `reg` (RFC 3680).

use bellbird_sip::agent::Body;
use bellbird_sip::uri::Uri;

use super::xml::escape;
use crate::registrar::{Binding, BindingKey};
use crate::words::{Presence, Timestamp};

/// A call of a watched user, as a watcher is told of it (RFC 4235 §4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedDialog {
    /// A name for it among the user's dialogs; it never changes.
    pub id: String,
    /// The ids with which the watcher can pick it up or replace it, as the *watcher's* leg to us will know them:
    /// Call-ID, local tag, remote tag. None where it may not.
    pub pick_up: Option<(String, String, String)>,
    /// Whether the watched user was called.
    pub incoming: bool,
    /// How far it is.
    pub state: DialogState,
    /// The other side, as the watcher may see it.
    pub remote: Option<(String, Option<String>)>,
}

/// How far a dialog is (RFC 4235 §3.7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DialogState {
    /// Called out, nothing came back.
    Trying,
    /// It rings.
    Early,
    /// Answered.
    Confirmed,
    /// Over.
    Terminated,
}

impl DialogState {
    const fn name(self) -> &'static str {
        match self {
            Self::Trying => "trying",
            Self::Early => "early",
            Self::Confirmed => "confirmed",
            Self::Terminated => "terminated",
        }
    }
}

/// `application/dialog-info+xml`, whole: of missed news none matters.
pub fn dialog_info(entity: &Uri, version: u32, dialogs: &[WatchedDialog]) -> Body {
    let mut text = format!(
        "<?xml version=\"1.0\"?>\r\n<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"{version}\" \
         state=\"full\" entity=\"{}\">",
        escape(entity.as_str())
    );
    for dialog in dialogs {
        text.push_str(&one_dialog(entity, dialog));
    }
    text.push_str("</dialog-info>\r\n");
    Body::new("application/dialog-info+xml", text)
}

fn one_dialog(entity: &Uri, dialog: &WatchedDialog) -> String {
    let ids = dialog.pick_up.as_ref().map_or_else(String::new, |(call_id, local, remote)| {
        let (call_id, local, remote) = (escape(call_id), escape(local), escape(remote));
        format!(" call-id=\"{call_id}\" local-tag=\"{local}\" remote-tag=\"{remote}\"")
    });
    let direction = if dialog.incoming { "recipient" } else { "initiator" };
    let remote = dialog.remote.as_ref().map_or_else(String::new, |(uri, name)| {
        let name = name.as_ref().map_or_else(String::new, |name| format!(" display=\"{}\"", escape(name)));
        let uri = escape(uri);
        format!("<remote><identity{name}>{uri}</identity><target uri=\"{uri}\"/></remote>")
    });
    let (id, own, state) = (escape(&dialog.id), escape(entity.as_str()), dialog.state.name());
    format!(
        "<dialog id=\"{id}\"{ids} direction=\"{direction}\"><state>{state}</state>\
         <local><identity>{own}</identity><target uri=\"{own}\"/></local>{remote}</dialog>"
    )
}

/// `application/pidf+xml` with RPID's activities.
pub fn pidf(entity: &Uri, presence: Presence, note: &str) -> Body {
    let entity = escape(entity.as_str());
    let open = !matches!(presence, Presence::NoPhone | Presence::NotAvailable | Presence::Unknown);
    let basic = if open { "open" } else { "closed" };
    let activity = match presence {
        Presence::Ringing | Presence::OnCall => "<rpid:activities><rpid:on-the-phone/></rpid:activities>",
        Presence::DoNotDisturb => "<rpid:activities><rpid:busy/><ce:dnd/></rpid:activities>",
        Presence::NotAvailable => "<rpid:activities><rpid:away/></rpid:activities>",
        Presence::Available | Presence::NoPhone | Presence::Unknown => "",
    };
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" \
         xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\" \
         xmlns:ce=\"urn:cisco:params:xml:ns:pidf:rpid\" entity=\"{entity}\">\
         <tuple id=\"t1\"><status><basic>{basic}</basic></status><contact>{entity}</contact><note>{}</note></tuple>\
         <dm:person id=\"p1\">{activity}</dm:person></presence>\r\n",
        escape(note)
    );
    Body::new("application/pidf+xml", text)
}

/// `application/reginfo+xml`, whole.
pub fn reginfo<'a>(address: &Uri, version: u32, now: Timestamp, bindings: impl Iterator<Item = &'a Binding>) -> Body {
    let contacts: String = bindings.map(|binding| one_contact(binding, now)).collect();
    let state = if contacts.is_empty() { "terminated" } else { "active" };
    let text = format!(
        "<?xml version=\"1.0\"?>\r\n<reginfo xmlns=\"urn:ietf:params:xml:ns:reginfo\" version=\"{version}\" \
         state=\"full\"><registration aor=\"{}\" id=\"r1\" state=\"{state}\">{contacts}</registration></reginfo>\r\n",
        escape(address.as_str())
    );
    Body::new("application/reginfo+xml", text)
}

fn one_contact(binding: &Binding, now: Timestamp) -> String {
    let id = match &binding.id.key {
        BindingKey::Outbound { instance, reg_id } => format!("{instance}-{reg_id}"),
        BindingKey::Contact(contact) => contact.clone(),
    };
    let (id, uri, left) = (escape(&id), escape(binding.contact.as_str()), binding.expires.since(now).as_secs());
    format!("<contact id=\"{id}\" state=\"active\" event=\"registered\" expires=\"{left}\"><uri>{uri}</uri></contact>")
}

/// `application/simple-message-summary` of a box without any message: voicemail is not there yet, lamps go out.
pub fn no_messages(account: &Uri) -> Body {
    let text = format!("Messages-Waiting: no\r\nMessage-Account: {}\r\nVoice-Message: 0/0\r\n", account.as_str());
    Body::new("application/simple-message-summary", text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notifier::xml;

    fn alice() -> Uri {
        Uri::sip(Some("601"), "office.example", None).unwrap()
    }

    #[test]
    fn a_ringing_call_can_be_picked_up_by_the_ids_of_the_watchers_leg() {
        let dialog = WatchedDialog {
            id: "c1".into(),
            pick_up: Some(("call".into(), "here".into(), "there".into())),
            incoming: true,
            state: DialogState::Early,
            remote: Some(("sip:602@office.example".into(), Some("B<ob\"\r\n".into()))),
        };
        let body = dialog_info(&alice(), 3, &[dialog]);
        let text = String::from_utf8(body.bytes.clone()).unwrap();
        assert!(
            text.contains("call-id=\"call\" local-tag=\"here\" remote-tag=\"there\" direction=\"recipient\""),
            "{text}"
        );
        assert!(text.contains("version=\"3\"") && text.contains("display=\"B&lt;ob&quot;\""), "{text}");
        assert_eq!(xml::read(&body.bytes).unwrap().children[0].child("state"), Some("early"));
    }

    #[test]
    fn presence_says_dnd_and_on_the_phone() {
        let activities = |presence| {
            let body = pidf(&alice(), presence, "");
            let root = xml::read(&body.bytes).unwrap();
            let names = |root: &xml::Element| root.all().iter().map(|element| element.name.clone()).collect::<Vec<_>>();
            (root.all().iter().find_map(|e| e.child("basic")).map(str::to_owned), names(&root))
        };
        assert!(activities(Presence::DoNotDisturb).1.contains(&"dnd".to_owned()));
        assert!(activities(Presence::OnCall).1.contains(&"on-the-phone".to_owned()));
        assert_eq!(activities(Presence::NoPhone).0.as_deref(), Some("closed"));
        assert_eq!(activities(Presence::Available).0.as_deref(), Some("open"));
    }
}
