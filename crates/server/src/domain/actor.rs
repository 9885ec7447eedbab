use bellbird_contract::Timestamp;
use bellbird_contract::server::{AuditSource, Author, ClientId, OrgId, Role, UserId};

/// Who does something, where, when and by what.
#[derive(Clone, Debug)]
pub struct Actor {
    /// In which organisation.
    pub org: OrgId,
    /// By name and role, as others will see it.
    pub author: Author,
    /// The app, where it is one.
    pub client: Option<ClientId>,
    /// From where, for the audit.
    pub from: AuditSource,
    /// When.
    pub now: Timestamp,
}

impl Actor {
    /// The server itself.
    pub fn server(org: OrgId, now: Timestamp) -> Self {
        Self { org, author: Author::server(), client: None, from: AuditSource::Server, now }
    }

    /// The user, if it is one of this organisation.
    pub fn user(&self) -> Option<UserId> {
        self.author.user
    }

    /// Whether it may change what administrators are.
    pub(crate) fn is_admin(&self) -> bool {
        self.author.role == Role::Admin
    }
}
