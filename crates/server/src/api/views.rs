//! What clients see, put together from what is stored and what the SIP side knows.

use bellbird_contract::Timestamp;
use bellbird_contract::server::{
    AccountKind, AccountSummary, Availability, ClientId, ClientSettings, ClientView, Colleague, DeviceState,
    DialPatterns, DndState, DndView, Features, IceServer, Me, MePhone, OrgId, OwnSettings, Presence, Security,
    SipServer, Snapshot, TrunkView, UserDetail, UserId, UserRow, VoipAccount, WireSecret, resolve,
};

use bellbird_exchange::country::Location;

use super::App;
use super::Problem;
use super::authorise::Caller;
use crate::domain::{emergency_numbers, now, utc_offset_minutes};
use crate::edge::PhoneState;
use crate::store::{StoredAccount, StoredOrganisation, StoredSettings, StoredTrunk, StoredUser};

pub(crate) fn presence(user: &StoredUser, dnd: &DndState, phones: PhoneState, now: Timestamp) -> Presence {
    if phones.on_call.is_some() {
        Presence::OnCall
    } else if phones.ringing {
        Presence::Ringing
    } else if dnd.is_on(now) {
        Presence::DoNotDisturb
    } else if user.disabled || !user.profile.availability.availability.is_available(now) {
        Presence::NotAvailable
    } else if phones.registered {
        Presence::Available
    } else {
        Presence::NoPhone
    }
}

impl App {
    pub(crate) async fn row(&self, user: &StoredUser) -> Result<UserRow, Problem> {
        let dnd = self.store.dnd(user.org, user.id).await?;
        Ok(user.row(presence(user, &dnd, self.edge.phones(user.org, user.id), now())))
    }

    pub(crate) async fn rows(&self, org: OrgId, users: &[StoredUser]) -> Result<Vec<UserRow>, Problem> {
        let (all, now) = (self.store.all_dnd(org).await?, now());
        let row = |user: &StoredUser| user.row(presence(user, &of(&all, user.id), self.edge.phones(org, user.id), now));
        Ok(users.iter().map(row).collect())
    }

    pub(crate) async fn colleagues(&self, org: OrgId) -> Result<Vec<Colleague>, Problem> {
        let users = self.store.users(org).await?;
        let (all, now) = (self.store.all_dnd(org).await?, now());
        let colleague = |user: &StoredUser| self.colleague(user, &of(&all, user.id), now);
        Ok(users.iter().map(colleague).collect())
    }

    pub(crate) fn colleague(&self, user: &StoredUser, dnd: &DndState, now: Timestamp) -> Colleague {
        let phones = self.edge.phones(user.org, user.id);
        let presence = presence(user, dnd, phones, now);
        let until = match (&user.profile.availability.availability, presence) {
            (_, Presence::DoNotDisturb) => dnd.ends(now),
            (Availability::NotAvailable { until }, Presence::NotAvailable) => *until,
            (Availability::Available { .. } | Availability::NotAvailable { .. } | Availability::Unknown, _) => None,
        };
        Colleague {
            id: user.id,
            name: user.name(),
            extension: user.extension.clone(),
            numbers: user.profile.personal.numbers.iter().map(|number| number.number.clone()).collect(),
            presence,
            since: phones.on_call,
            until,
        }
    }

    pub(crate) fn dnd_view(&self, org: OrgId, user: UserId, state: DndState) -> DndView {
        let now = now();
        DndView { on: state.is_on(now), until: state.ends(now), state, receipts: self.edge.receipts(org, user) }
    }

    pub(crate) fn own_settings(
        &self,
        org: OrgId,
        user: UserId,
        stored: &StoredSettings,
        client: Option<&ClientId>,
    ) -> OwnSettings {
        let document = stored.for_client(client);
        OwnSettings { effective: resolve(&document), document, receipts: self.edge.receipts(org, user) }
    }

    pub(crate) async fn me(&self, caller: &Caller) -> Result<Me, Problem> {
        // As the caller is now, not as he was when he connected.
        let user = self.store.user(caller.stored.org, caller.stored.id).await?;
        let organisation = self.store.organisation(user.org).await?;
        let permissions = self.store.settings(user.org, user.id).await?.document.permissions;
        let administers = self.store.administers(user.org, user.id).await?;
        let time_zone = time_zone(&user, &organisation);
        let (organisation, role) = match caller.actor.user() {
            Some(_) => (organisation, user.role),
            // A partner is a guest: an administrator there, and nobody's colleague.
            None => (self.store.organisation(caller.org()).await?, caller.actor.author.role),
        };
        Ok(Me {
            id: user.id,
            organisation: organisation.name(),
            utc_offset_minutes: utc_offset_minutes(&time_zone, now()),
            time_zone,
            first_name: user.profile.first_name,
            last_name: user.profile.last_name,
            login: user.login,
            email: user.email,
            extension: user.extension,
            role,
            permissions,
            language: user.profile.language,
            password_change_needed: user.password_change_needed,
            idle_minutes: user.profile.idle_log_out.then_some(super::sessions::IDLE_MINUTES),
            administers,
            revision: user.revision,
        })
    }

    pub(crate) async fn phone(&self, org: OrgId, user: UserId) -> Result<MePhone, Problem> {
        let user = self.store.user(org, user).await?;
        let organisation = self.store.organisation(org).await?;
        let country = user.profile.country.clone().unwrap_or_else(|| organisation.document.settings.country.clone());
        let local = user.extension.clone().unwrap_or_else(|| user.login.clone());
        let ice = &self.config.sip.ice_servers;
        Ok(MePhone {
            user: user.id,
            display_name: user.name(),
            address_of_record: format!("{local}@{}", organisation.domain),
            extension: user.extension,
            servers: self.config.sip.servers.iter().filter_map(|server| sip_server(server)).collect(),
            domain: organisation.domain,
            ice_servers: ice
                .iter()
                .map(|url| IceServer { urls: vec![url.clone()], user_name: None, credential: None })
                .collect(),
            emergency_numbers: emergency_numbers(&country),
            country: Some(country),
            portal: Some(self.config.public_url.clone()),
            features: Features { dnd: true, call_methods: true, requests: true, presence: true, reasons: true },
        })
    }

    pub(crate) fn summary(&self, org: OrgId, account: &StoredAccount) -> AccountSummary {
        AccountSummary {
            id: account.id,
            number: account.number.clone(),
            name: account.document.name.clone(),
            kind: account.document.kind.clone(),
            owners: account.owners.clone(),
            state: self.device_state(org, account),
            last_seen: account.last_seen,
            revision: account.revision,
        }
    }

    fn device_state(&self, org: OrgId, account: &StoredAccount) -> DeviceState {
        if matches!(account.document.kind, AccountKind::Forward { .. }) {
            return DeviceState::External;
        }
        match self.edge.registrations(org, account.id).len() {
            0 => DeviceState::NotRegistered,
            count => DeviceState::Registered { count: u32::try_from(count).unwrap_or(u32::MAX) },
        }
    }

    pub(crate) fn account(&self, org: OrgId, account: &StoredAccount) -> VoipAccount {
        let credentials = account.credentials.first();
        VoipAccount {
            summary: self.summary(org, account),
            auth_name: credentials.map(|known| known.auth_name.clone()).unwrap_or_default(),
            algorithm: credentials.map(|known| known.algorithm).unwrap_or_default(),
            media: account.document.media,
            registrations: self.edge.registrations(org, account.id),
            feature_events: self.edge.feature_events(org, account.id),
            suspected_dnd: self.edge.suspected_dnd(org, account.id),
            action_urls: account.document.action_secret.is_some(),
        }
    }

    pub(crate) fn trunk(&self, org: OrgId, trunk: StoredTrunk) -> TrunkView {
        let (health, calls) = self.edge.trunk(org, trunk.id);
        TrunkView { id: trunk.id, settings: trunk.settings, health, calls, revision: trunk.revision }
    }

    async fn own_accounts(&self, org: OrgId, user: UserId) -> Result<Vec<AccountSummary>, Problem> {
        let accounts = self.store.accounts(org).await?;
        let own = accounts.iter().filter(|account| account.owners.iter().any(|owner| owner.id == user));
        Ok(own.map(|account| self.summary(org, account)).collect())
    }

    pub(crate) async fn clients(&self, org: OrgId, user: UserId) -> Result<Vec<ClientView>, Problem> {
        let settings = self.store.settings(org, user).await?;
        let view = |client: crate::store::StoredClient| {
            let effective = resolve(&settings.for_client(Some(&client.id)));
            ClientView {
                settings: ClientSettings { client: client.id, values: client.values, effective },
                name: client.description.name,
                web: client.description.web,
                version: client.description.version,
                since: client.since,
                last_seen: client.last_seen,
            }
        };
        Ok(self.store.clients(org, user).await?.into_iter().map(view).collect())
    }

    pub(crate) async fn detail(&self, org: OrgId, id: UserId) -> Result<UserDetail, Problem> {
        let user = self.store.user(org, id).await?;
        let document = self.store.settings(org, id).await?.document;
        let dnd = self.store.dnd(org, id).await?;
        let leads_here = bellbird_contract::server::Destination::User { user: id };
        let numbers =
            self.store.numbers(org).await?.into_iter().filter(|number| number.to.as_ref() == Some(&leads_here));
        let dial = dial_patterns(&user, &self.store.organisation(org).await?);
        Ok(UserDetail {
            user: user.row(presence(&user, &dnd, self.edge.phones(org, id), now())),
            numbers: numbers.collect(),
            dnd: self.dnd_view(org, id, dnd),
            incoming: document.incoming,
            outgoing: document.outgoing,
            permissions: document.permissions,
            clients: self.clients(org, id).await?,
            accounts: self.own_accounts(org, id).await?,
            security: Security {
                language: user.profile.language,
                time_zone: user.profile.time_zone.clone(),
                country: user.profile.country.clone(),
                password_change_needed: user.password_change_needed,
                idle_log_out: user.profile.idle_log_out,
                disabled: user.disabled,
            },
            api_keys: self.store.api_keys(org, id).await?,
            login: user.login,
            personal: user.profile.personal,
            telephony: user.profile.telephony,
            availability: user.profile.availability,
            last_log_in: user.profile.last_log_in,
            dial: Some(dial),
        })
    }

    /// All that a client needs to begin with. A partner's own things stay at home.
    pub(crate) async fn snapshot(&self, caller: &Caller) -> Result<Snapshot, Problem> {
        let snapshot = self.own_snapshot(caller).await?;
        if caller.actor.user().is_some() {
            return Ok(snapshot);
        }
        let colleagues = self.colleagues(caller.org()).await?;
        Ok(Snapshot { colleagues, accounts: Vec::new(), requests: Vec::new(), calls: Vec::new(), ..snapshot })
    }

    async fn own_snapshot(&self, caller: &Caller) -> Result<Snapshot, Problem> {
        let (org, user) = (caller.stored.org, caller.stored.id);
        let stored = self.store.user(org, user).await?;
        let settings = self.store.settings(org, user).await?;
        let dnd = self.store.dnd(org, user).await?;
        let requests = self.store.requests(org, Some(user)).await?;
        Ok(Snapshot {
            me: self.me(caller).await?,
            settings: self.own_settings(org, user, &settings, caller.grant.client.as_ref()),
            dnd: self.dnd_view(org, user, dnd),
            availability: stored.profile.availability,
            telephony: stored.profile.telephony,
            accounts: self.own_accounts(org, user).await?,
            colleagues: self.colleagues(org).await?,
            requests,
            calls: self.edge.calls(org, user),
        })
    }
}

fn of(all: &[(UserId, DndState)], user: UserId) -> DndState {
    all.iter().find(|(id, _)| *id == user).map(|(_, state)| state.clone()).unwrap_or_default()
}

pub(crate) fn time_zone(user: &StoredUser, organisation: &StoredOrganisation) -> String {
    user.profile.time_zone.clone().unwrap_or_else(|| organisation.document.settings.time_zone.clone())
}

/// How numbers outside are dialled where the user is (U8).
fn dial_patterns(user: &StoredUser, organisation: &StoredOrganisation) -> DialPatterns {
    let settings = &organisation.document.settings;
    let country = user.profile.country.as_ref().unwrap_or(&settings.country);
    // An area code is of the organisation's own country.
    let area_code = settings.area_code.as_deref().filter(|_| *country == settings.country);
    let location = Location::of(country, area_code);
    DialPatterns {
        country: location.country,
        national: location.national_prefix,
        international: location.international_prefix,
        calling_code: location.calling_code,
        area_code: location.area_code,
        emergency: location.emergency.into_iter().collect(),
    }
}

/// `tls://sip.example.com:5061`, or a WebSocket's whole URL.
fn sip_server(text: &str) -> Option<SipServer> {
    use bellbird_contract::Transport;
    let (scheme, rest) = text.split_once("://")?;
    let transport = match scheme {
        "udp" => Transport::Udp,
        "tcp" => Transport::Tcp,
        "tls" => Transport::Tls,
        "ws" => return Some(SipServer { transport: Transport::Ws, host: text.to_owned(), port: None }),
        "wss" => return Some(SipServer { transport: Transport::Wss, host: text.to_owned(), port: None }),
        _ => return None,
    };
    let (host, port) = match rest.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?))) {
        Some((host, port)) => (host, Some(port)),
        None => (rest, None),
    };
    Some(SipServer { transport, host: host.trim_matches(['[', ']']).to_owned(), port })
}

pub(crate) fn secret(text: &str) -> WireSecret {
    WireSecret::new(text)
}
