use std::net::SocketAddr;

use bellbird_base::{FlowId, Protocol};
use bellbird_sip::uri::Uri;

use crate::words::{ClientId, OrgId, Timestamp, VoipAccountId};

/// What tells one binding from the others of its account (RFC 3261 §10.3, RFC 5626 §6).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BindingId {
    /// Whose.
    pub account: VoipAccountId,
    /// Which of them.
    pub key: BindingKey,
}

/// Instance and flow number where the device knows outbound, else its Contact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BindingKey {
    /// `+sip.instance` and `reg-id`: one device and one of its flows.
    Outbound {
        /// `urn:uuid:…`
        instance: String,
        /// `reg-id`
        reg_id: u32,
    },
    /// The Contact's URI without what does not count in a comparison.
    Contact(String),
}

/// One way to one device, as it is kept and stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    /// Which.
    pub id: BindingId,
    /// Whose organisation.
    pub organisation: OrgId,
    /// The Contact's URI: the Request-URI of calls to it.
    pub contact: Uri,
    /// `Path` of the REGISTER, the first hop first (RFC 3327).
    pub path: Vec<Uri>,
    /// The preference in thousandths.
    pub q: u16,
    /// `+sip.instance`, also where it is not the key.
    pub instance: Option<String>,
    /// The client that this is, where its secret is one of an app.
    pub client: Option<ClientId>,
    /// What carried the REGISTER.
    pub protocol: Protocol,
    /// Our end.
    pub local: SocketAddr,
    /// Where it came from: requests go back there, whatever the Contact says.
    pub received: SocketAddr,
    /// The flow it came over. None after a restart, until a packet comes from there again.
    pub flow: Option<FlowId>,
    /// Call-ID of the last REGISTER.
    pub call_id: String,
    /// CSeq of the last REGISTER.
    pub cseq: u32,
    /// User-Agent, as it names itself.
    pub user_agent: Option<String>,
    /// When the first REGISTER came.
    pub since: Timestamp,
    /// When it ends without a refresh.
    pub expires: Timestamp,
}
