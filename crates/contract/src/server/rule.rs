//! THE rule of call settings (DESIGN §6): what holds for a client, and what a write does. Server, phone and UI use it.

use super::{
    AdminChange, Author, CallMethod, ClientValues, Effective, EffectiveSettings, Lock, Mode, OutgoingDocument,
    Permission, Permissions, Revision, Scope, ServerErrorCode, SettingsChange, SettingsDocument, Stamp,
};
use crate::Timestamp;

/// Who writes, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writer {
    /// Who.
    pub author: Author,
    /// When.
    pub at: Timestamp,
}

/// What holds for the client whose values are in `document`.
///
/// *Disabled* is off, *enabled* is on with the document's call method, *individual* is the client's own value, else on
/// and softphone. Without the permission every control is locked. Do Not Disturb acts on top of it, and an emergency
/// call passes whatever stands here.
pub fn resolve(document: &SettingsDocument) -> EffectiveSettings {
    let SettingsDocument { incoming, outgoing, permissions, client } = document;
    let incoming_lock = lock(permissions.configure_incoming, &incoming.stamp, permissions);
    let outgoing_lock = lock(permissions.configure_outgoing, &outgoing.stamp, permissions);
    let outgoing_scope = scope_of(outgoing.mode);
    EffectiveSettings {
        receive: Effective {
            value: is_on(incoming.mode, client.receive),
            scope: scope_of(incoming.mode),
            lock: incoming_lock,
        },
        make: Effective {
            value: is_on(outgoing.mode, client.make),
            scope: outgoing_scope,
            lock: outgoing_lock.clone(),
        },
        call_method: Effective { value: method(outgoing, client), scope: outgoing_scope, lock: outgoing_lock },
    }
}

/// What a user's own change makes of `document`: *all clients* writes *enabled* or *disabled*, *this client* writes
/// *individual* and the client's own values. What the change leaves out stays as the user saw it.
///
/// # Errors
/// [`ServerErrorCode::LockedByAdministrator`] without the permission, [`ServerErrorCode::Conflict`] if the document was
/// written since, [`ServerErrorCode::FieldInvalid`] for values from a newer version.
pub fn apply(
    document: &SettingsDocument,
    change: &SettingsChange,
    who: &Writer,
) -> Result<SettingsDocument, ServerErrorCode> {
    let seen = resolve(document);
    match *change {
        SettingsChange::Incoming { base, scope, receive } => {
            admit(document.permissions.configure_incoming, base, document.incoming.revision)?;
            set_incoming(document, scope, receive.unwrap_or(seen.receive.value), who)
        }
        SettingsChange::Outgoing { base, scope, make, call_method } => {
            admit(document.permissions.configure_outgoing, base, document.outgoing.revision)?;
            let method = known(call_method.unwrap_or(seen.call_method.value))?;
            set_outgoing(document, scope, make.unwrap_or(seen.make.value), method, who)
        }
        SettingsChange::Unknown => Err(ServerErrorCode::FieldInvalid),
    }
}

/// What an administrator's write makes of `document`. The clients' own values stay for the day when they count again.
///
/// # Errors
/// [`ServerErrorCode::Forbidden`] if the writer's role may not, [`ServerErrorCode::Conflict`] if the document was written
/// since, [`ServerErrorCode::FieldInvalid`] for values from a newer version.
pub fn administer(
    document: &SettingsDocument,
    change: &AdminChange,
    who: &Writer,
) -> Result<SettingsDocument, ServerErrorCode> {
    if !who.author.role.manages_users() {
        return Err(ServerErrorCode::Forbidden);
    }
    let mut next = document.clone();
    match change {
        AdminChange::Incoming { base, mode, note } => {
            unchanged_since(*base, next.incoming.revision)?;
            next.incoming.mode = known_mode(*mode)?;
            next.incoming.revision = next.incoming.revision.next();
            next.incoming.stamp = stamp(who, note.clone());
        }
        AdminChange::Outgoing { base, mode, call_method, note } => {
            unchanged_since(*base, next.outgoing.revision)?;
            next.outgoing.mode = known_mode(*mode)?;
            next.outgoing.call_method = known(call_method.unwrap_or(next.outgoing.call_method))?;
            next.outgoing.revision = next.outgoing.revision.next();
            next.outgoing.stamp = stamp(who, note.clone());
        }
        AdminChange::Permission { permission, granted } => {
            next.permissions.set(*permission, *granted)?;
            next.permissions.stamp = Some(stamp(who, None));
        }
        AdminChange::Unknown => return Err(ServerErrorCode::FieldInvalid),
    }
    Ok(next)
}

impl Permissions {
    /// Whether the user has `permission`; one from a newer version nobody has.
    pub const fn has(&self, permission: Permission) -> bool {
        match permission {
            Permission::ConfigureIncoming => self.configure_incoming,
            Permission::ConfigureOutgoing => self.configure_outgoing,
            Permission::Unknown => false,
        }
    }

    fn set(&mut self, permission: Permission, granted: bool) -> Result<(), ServerErrorCode> {
        match permission {
            Permission::ConfigureIncoming => self.configure_incoming = granted,
            Permission::ConfigureOutgoing => self.configure_outgoing = granted,
            Permission::Unknown => return Err(ServerErrorCode::FieldInvalid),
        }
        Ok(())
    }
}

fn set_incoming(
    document: &SettingsDocument,
    scope: Scope,
    receive: bool,
    who: &Writer,
) -> Result<SettingsDocument, ServerErrorCode> {
    let mut next = document.clone();
    next.incoming.mode = mode_for(scope, receive)?;
    if scope == Scope::ThisClient {
        next.client.receive = Some(receive);
    }
    next.incoming.revision = next.incoming.revision.next();
    next.incoming.stamp = stamp(who, None);
    Ok(next)
}

fn set_outgoing(
    document: &SettingsDocument,
    scope: Scope,
    make: bool,
    method: CallMethod,
    who: &Writer,
) -> Result<SettingsDocument, ServerErrorCode> {
    let mut next = document.clone();
    next.outgoing.mode = mode_for(scope, make)?;
    if scope == Scope::ThisClient {
        next.client.make = Some(make);
        next.client.call_method = Some(method);
    } else {
        next.outgoing.call_method = method;
    }
    next.outgoing.revision = next.outgoing.revision.next();
    next.outgoing.stamp = stamp(who, None);
    Ok(next)
}

fn is_on(mode: Mode, own: Option<bool>) -> bool {
    match mode {
        Mode::Individual | Mode::Unknown => own.unwrap_or(true),
        Mode::Enabled => true,
        Mode::Disabled => false,
    }
}

fn method(outgoing: &OutgoingDocument, client: &ClientValues) -> CallMethod {
    let method = match outgoing.mode {
        Mode::Individual | Mode::Unknown => client.call_method.unwrap_or_default(),
        Mode::Enabled | Mode::Disabled => outgoing.call_method,
    };
    if method == CallMethod::Unknown { CallMethod::Softphone } else { method }
}

const fn scope_of(mode: Mode) -> Scope {
    match mode {
        Mode::Individual | Mode::Unknown => Scope::ThisClient,
        Mode::Enabled | Mode::Disabled => Scope::AllClients,
    }
}

fn mode_for(scope: Scope, on: bool) -> Result<Mode, ServerErrorCode> {
    match (scope, on) {
        (Scope::ThisClient, _) => Ok(Mode::Individual),
        (Scope::AllClients, true) => Ok(Mode::Enabled),
        (Scope::AllClients, false) => Ok(Mode::Disabled),
        (Scope::Unknown, _) => Err(ServerErrorCode::FieldInvalid),
    }
}

fn lock(permitted: bool, written: &Stamp, permissions: &Permissions) -> Option<Lock> {
    (!permitted).then(|| Lock {
        author: written.author.clone(),
        since: written.since,
        note: written.note.clone(),
        contact: contact(written, permissions),
    })
}

fn contact(written: &Stamp, permissions: &Permissions) -> Option<Author> {
    let by_administrator = written.author.role.manages_users() && !written.author.is_server();
    let author = by_administrator.then_some(&written.author);
    author.or(permissions.stamp.as_ref().map(|taken| &taken.author)).cloned()
}

fn admit(permitted: bool, base: Revision, current: Revision) -> Result<(), ServerErrorCode> {
    if !permitted {
        return Err(ServerErrorCode::LockedByAdministrator);
    }
    unchanged_since(Some(base), current)
}

fn unchanged_since(base: Option<Revision>, current: Revision) -> Result<(), ServerErrorCode> {
    match base {
        Some(base) if base != current => Err(ServerErrorCode::Conflict),
        Some(_) | None => Ok(()),
    }
}

fn known(method: CallMethod) -> Result<CallMethod, ServerErrorCode> {
    if method == CallMethod::Unknown { Err(ServerErrorCode::FieldInvalid) } else { Ok(method) }
}

fn known_mode(mode: Mode) -> Result<Mode, ServerErrorCode> {
    if mode == Mode::Unknown { Err(ServerErrorCode::FieldInvalid) } else { Ok(mode) }
}

fn stamp(who: &Writer, note: Option<String>) -> Stamp {
    Stamp { author: who.author.clone(), since: who.at, note }
}
