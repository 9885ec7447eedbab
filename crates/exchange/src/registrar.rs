//! Who is where: bindings between an account and the flows that its devices are reached over (RFC 3261 §10, RFC 5626,
//! RFC 3327).
//!
//! A [`Registrar`] trusts what it is given: who sent a REGISTER was proved by [`Gate`](crate::guard::Gate). It says
//! what to answer and what changed; the answer waits until the changes are stored. Expiry is a queue of moments: nothing
//! is ever scanned.

mod binding;
mod contacts;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use bellbird_base::{FlowId, FlowInfo, Protocol};
use bellbird_sip::agent::Reply;
use bellbird_sip::message::{Address, Fields, HeaderName, Request};
use bellbird_sip::status::StatusCode;

pub use binding::{Binding, BindingId, BindingKey};
use contacts::{Wish, Wishes, wishes};

use crate::routing::{Reachable, WhoIsWhere};
use crate::words::{ClientId, OrgId, Timestamp, VoipAccountId};

/// Bounds of registrations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistrarConfig {
    /// The shortest lifetime in s; less is refused with 423.
    pub min_expires: u32,
    /// The longest lifetime in s; more is cut.
    pub max_expires: u32,
    /// The lifetime in s where none is asked for.
    pub default_expires: u32,
    /// Bindings of one account; the one that ends first makes room.
    pub max_bindings: usize,
}

impl Default for RegistrarConfig {
    fn default() -> Self {
        Self { min_expires: 60, max_expires: 3600, default_expires: 600, max_bindings: 20 }
    }
}

/// A REGISTER whose sender is proved.
#[derive(Clone, Copy, Debug)]
pub struct Register<'a> {
    /// The request.
    pub request: &'a Request,
    /// The flow that it came over.
    pub flow: FlowId,
    /// That flow's transport and addresses.
    pub via: FlowInfo,
    /// Whose organisation.
    pub organisation: OrgId,
    /// Whose account.
    pub account: VoipAccountId,
    /// The client whose secret it was.
    pub client: Option<&'a ClientId>,
}

/// A change of the bindings.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// New or refreshed.
    Saved(Box<Binding>),
    /// Gone.
    Removed(Box<Binding>),
}

/// What comes of a REGISTER.
#[derive(Clone, Debug)]
pub struct Registered {
    /// What to answer once the changes are stored.
    pub reply: Reply,
    /// What changed.
    pub changes: Vec<Change>,
    /// Flows that the device came over before, which may be gone: what they served is reached over the new one now.
    pub former_flows: BTreeSet<FlowId>,
}

impl Registered {
    fn refused(reply: Reply) -> Self {
        Self { reply, changes: Vec::new(), former_flows: BTreeSet::new() }
    }
}

/// All bindings.
#[derive(Debug, Default)]
pub struct Registrar {
    config: RegistrarConfig,
    bindings: BTreeMap<VoipAccountId, BTreeMap<BindingKey, Binding>>,
    ends: BTreeSet<(Timestamp, BindingId)>,
    flows: BTreeMap<FlowId, BTreeSet<BindingId>>,
    /// The flows that broke under a binding.
    lost_flows: BTreeMap<BindingId, FlowId>,
}

impl Registrar {
    /// Without any binding.
    pub fn new(config: RegistrarConfig) -> Self {
        Self { config, ..Self::default() }
    }

    /// Takes in a binding of an earlier life. Its flow is gone; over UDP its address still leads to the device.
    pub fn restore(&mut self, binding: Binding) {
        self.put(Binding { flow: None, ..binding });
    }

    /// Answers a REGISTER (RFC 3261 §10.3).
    pub fn register(&mut self, now: Timestamp, register: &Register<'_>) -> Registered {
        let wishes = match wishes(register.request, &self.config) {
            Ok(wishes) => wishes,
            Err(reply) => return Registered::refused(reply),
        };
        let late = |key: &BindingKey| self.is_late(register, key);
        let mut changes = Vec::new();
        let mut former_flows = BTreeSet::new();
        match wishes {
            Wishes::Query => {}
            Wishes::RemoveAll => {
                let keys: Vec<BindingKey> = self.of(register.account).map(|binding| binding.id.key.clone()).collect();
                if keys.iter().any(late) {
                    return Registered::refused(out_of_order());
                }
                changes.extend(keys.into_iter().filter_map(|key| self.remove(&id(register.account, key))));
            }
            Wishes::Each(wishes) => {
                if wishes.iter().any(|wish| late(&wish.key)) {
                    return Registered::refused(out_of_order());
                }
                for wish in wishes {
                    former_flows.extend(self.flow_before(&id(register.account, wish.key.clone())));
                    let granted = self.grant(now, register, wish);
                    let replaced = granted.iter().filter_map(|change| match change {
                        Change::Removed(binding) if granted.len() > 1 => binding.flow,
                        Change::Removed(_) | Change::Saved(_) => None,
                    });
                    former_flows.extend(replaced);
                    changes.extend(granted);
                }
            }
        }
        former_flows.remove(&register.flow);
        Registered { reply: self.success(now, register), changes, former_flows }
    }

    /// The flow that a binding was made over last, also if that broke.
    fn flow_before(&self, id: &BindingId) -> Option<FlowId> {
        self.get(id).and_then(|binding| binding.flow).or_else(|| self.lost_flows.get(id).copied())
    }

    /// RFC 3261 §10.3, step 7: a REGISTER that was overtaken changes nothing.
    fn is_late(&self, register: &Register<'_>, key: &BindingKey) -> bool {
        let known = self.bindings.get(&register.account).and_then(|bindings| bindings.get(key));
        let (call_id, cseq) = sequence(register.request);
        known.is_some_and(|known| known.call_id == call_id && cseq <= known.cseq)
    }

    fn grant(&mut self, now: Timestamp, register: &Register<'_>, wish: Wish) -> Vec<Change> {
        let id = id(register.account, wish.key.clone());
        if wish.expires == 0 {
            return self.remove(&id).into_iter().collect();
        }
        let mut changes = self.make_room(register.account, &wish);
        let since = self.get(&id).map_or(now, |known| known.since);
        let (call_id, cseq) = sequence(register.request);
        let headers = &register.request.headers;
        let path = headers.addresses(HeaderName::Path).filter_map(|hop| hop.ok().map(|hop| hop.uri.to_owned()));
        let binding = Binding {
            id,
            organisation: register.organisation,
            contact: wish.contact,
            path: path.collect(),
            q: wish.q,
            instance: wish.instance,
            client: register.client.cloned(),
            protocol: register.via.protocol,
            local: register.via.local,
            received: register.via.remote,
            flow: Some(register.flow),
            call_id,
            cseq,
            user_agent: headers.text(HeaderName::UserAgent).map(|text| text.chars().take(120).collect()),
            since,
            expires: now.after(core::time::Duration::from_secs(wish.expires.into())),
        };
        self.put(binding.clone());
        changes.push(Change::Saved(Box::new(binding)));
        changes
    }

    /// What a new binding takes the place of: the same device's older Contact, and the one that ends first where there
    /// are too many.
    fn make_room(&mut self, account: VoipAccountId, wish: &Wish) -> Vec<Change> {
        let same_device =
            |known: &&Binding| known.id.key != wish.key && wish.instance.is_some() && known.instance == wish.instance;
        let by_contact = |known: &&Binding| matches!(known.id.key, BindingKey::Contact(_));
        let mut leaving: Vec<BindingId> = match wish.key {
            BindingKey::Contact(_) => self.of(account).filter(same_device).map(|known| known.id.clone()).collect(),
            BindingKey::Outbound { .. } => {
                self.of(account).filter(same_device).filter(by_contact).map(|known| known.id.clone()).collect()
            }
        };
        let known = self.bindings.get(&account).is_some_and(|bindings| bindings.contains_key(&wish.key));
        if !known && self.of(account).count() >= self.config.max_bindings + leaving.len() {
            let first = self.of(account).min_by_key(|binding| binding.expires).map(|binding| binding.id.clone());
            leaving.extend(first);
        }
        leaving.iter().filter_map(|id| self.remove(id)).collect()
    }

    fn success(&self, now: Timestamp, register: &Register<'_>) -> Reply {
        let headers = &register.request.headers;
        let mut reply = Reply::new(StatusCode::OK);
        for binding in self.of(register.account) {
            reply = reply.with(HeaderName::Contact, contact_line(binding, now));
        }
        for hop in headers.addresses(HeaderName::Path).flatten() {
            reply = reply.with(HeaderName::Path, hop.to_owned());
        }
        let outbound = |binding: &Binding| matches!(binding.id.key, BindingKey::Outbound { .. });
        let asked = headers.has_token(HeaderName::Supported, "outbound");
        if asked && self.of(register.account).any(|binding| outbound(binding) && binding.flow == Some(register.flow)) {
            reply = reply.with(HeaderName::Require, "outbound");
        }
        reply.with(HeaderName::Supported, "path, outbound")
    }

    /// Takes a binding away.
    pub fn remove(&mut self, id: &BindingId) -> Option<Change> {
        let bindings = self.bindings.get_mut(&id.account)?;
        let binding = bindings.remove(&id.key)?;
        if bindings.is_empty() {
            self.bindings.remove(&id.account);
        }
        self.ends.remove(&(binding.expires, id.clone()));
        self.lost_flows.remove(id);
        self.leave_flow(&binding);
        Some(Change::Removed(Box::new(binding)))
    }

    /// Takes all bindings of an account away.
    pub fn remove_account(&mut self, account: VoipAccountId) -> Vec<Change> {
        let ids: Vec<BindingId> = self.of(account).map(|binding| binding.id.clone()).collect();
        ids.iter().filter_map(|id| self.remove(id)).collect()
    }

    /// Takes all bindings of an organisation away.
    pub fn remove_organisation(&mut self, organisation: OrgId) -> Vec<Change> {
        let all = self.bindings.values().flat_map(BTreeMap::values);
        let ids: Vec<BindingId> =
            all.filter(|binding| binding.organisation == organisation).map(|binding| binding.id.clone()).collect();
        ids.iter().filter_map(|id| self.remove(id)).collect()
    }

    /// Lets go what ended.
    pub fn expire(&mut self, now: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        while let Some((_, id)) = self.ends.first().filter(|(at, _)| *at <= now).cloned() {
            changes.extend(self.remove(&id));
        }
        changes
    }

    /// When [`Registrar::expire`] is due.
    pub fn next_end(&self) -> Option<Timestamp> {
        self.ends.first().map(|(at, _)| *at)
    }

    /// A flow is gone: what was bound over a stream can't be reached until the device registers anew. Gives the accounts.
    pub fn flow_closed(&mut self, flow: FlowId) -> BTreeSet<VoipAccountId> {
        let ids = self.flows.remove(&flow).unwrap_or_default();
        for id in &ids {
            let binding = self.bindings.get_mut(&id.account).and_then(|bindings| bindings.get_mut(&id.key));
            if let Some(binding) = binding {
                binding.flow = None;
                self.lost_flows.insert(id.clone(), flow);
            }
        }
        ids.into_iter().map(|id| id.account).collect()
    }

    /// Whether something is still bound over this flow.
    pub fn uses_flow(&self, flow: FlowId) -> bool {
        self.flows.contains_key(&flow)
    }

    /// An account's bindings.
    pub fn of(&self, account: VoipAccountId) -> impl Iterator<Item = &Binding> {
        self.bindings.get(&account).into_iter().flat_map(BTreeMap::values)
    }

    /// The accounts of an organisation that are registered.
    pub fn accounts(&self, organisation: OrgId) -> impl Iterator<Item = VoipAccountId> {
        let own = move |bindings: &BTreeMap<BindingKey, Binding>| {
            bindings.values().next().is_some_and(|binding| binding.organisation == organisation)
        };
        self.bindings.iter().filter(move |(_, bindings)| own(bindings)).map(|(account, _)| *account)
    }

    /// One binding.
    pub fn get(&self, id: &BindingId) -> Option<&Binding> {
        self.bindings.get(&id.account)?.get(&id.key)
    }

    /// The binding that a request came over.
    pub fn at(&self, account: VoipAccountId, flow: FlowId) -> Option<&Binding> {
        self.of(account).find(|binding| binding.flow == Some(flow))
    }

    /// Whether an account is registered from this address: it is a place that it is known to be at.
    pub fn is_known_at(&self, account: VoipAccountId, source: IpAddr) -> bool {
        self.of(account).any(|binding| binding.received.ip() == source)
    }

    /// How many bindings there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn put(&mut self, binding: Binding) {
        self.remove(&binding.id);
        self.ends.insert((binding.expires, binding.id.clone()));
        if let Some(flow) = binding.flow {
            self.flows.entry(flow).or_default().insert(binding.id.clone());
        }
        self.bindings.entry(binding.id.account).or_default().insert(binding.id.key.clone(), binding);
    }

    fn leave_flow(&mut self, binding: &Binding) {
        let Some(flow) = binding.flow else { return };
        if let Some(ids) = self.flows.get_mut(&flow) {
            ids.remove(&binding.id);
            if ids.is_empty() {
                self.flows.remove(&flow);
            }
        }
    }
}

impl WhoIsWhere for Registrar {
    fn reachable(&self, account: VoipAccountId) -> Vec<Reachable> {
        let reachable = |binding: &&Binding| binding.flow.is_some() || binding.protocol == Protocol::Udp;
        let found = self.of(account).filter(reachable);
        found.map(|binding| Reachable { binding: binding.id.clone(), client: binding.client.clone() }).collect()
    }
}

fn id(account: VoipAccountId, key: BindingKey) -> BindingId {
    BindingId { account, key }
}

fn sequence(request: &Request) -> (String, u32) {
    let call_id = (&request.headers).text(HeaderName::CallId).unwrap_or_default().to_owned();
    let cseq = (&request.headers).text(HeaderName::CSeq).and_then(|text| text.split_whitespace().next());
    (call_id, cseq.and_then(|number| number.parse().ok()).unwrap_or(0))
}

fn contact_line(binding: &Binding, now: Timestamp) -> Address {
    let left = binding.expires.since(now).as_secs().to_string();
    let mut contact = Address::new(binding.contact.clone()).with_param("expires", Some(&left));
    if binding.q < 1000 {
        contact = contact.with_param("q", Some(&format!("0.{:03}", binding.q)));
    }
    if let Some(instance) = &binding.instance {
        contact = contact.with_param("+sip.instance", Some(&format!("<{instance}>")));
    }
    if let BindingKey::Outbound { reg_id, .. } = &binding.id.key {
        contact = contact.with_param("reg-id", Some(&reg_id.to_string()));
    }
    contact
}

fn out_of_order() -> Reply {
    Reply::new(StatusCode::SERVER_INTERNAL_ERROR).saying("An older REGISTER came late")
}
