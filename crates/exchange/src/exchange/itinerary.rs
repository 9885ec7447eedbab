//! From a plan to an itinerary: bindings become ways, presentations become header fields.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use bellbird_base::{Duration, Protocol};
use bellbird_sip::agent::{AccountId, Invite, Reply, Way};
use bellbird_sip::message::{Address, Fields, HeaderName, Request};
use bellbird_sip::uri::Uri;

use super::Exchange;
use crate::directory::{Directory, TrunkRouting};
use crate::node::{self, Itinerary, MediaTag};
use crate::registrar::Binding;
use crate::routing::{Branch, Plan, Shown, Step, StepIndex, Target, TrunkLeg};
use crate::words::{ClientId, MediaProfile, TrunkId, UserId, VoipAccountId};
use bellbird_contract::Transport;

/// One of the devices that may be called, as the node's tag of it leads back here.
#[derive(Clone, Debug)]
pub(super) struct Called {
    /// At which step of the plan.
    pub(super) step: StepIndex,
    /// The branch of the plan.
    pub(super) branch: Branch,
    /// Whose device it is.
    pub(super) account: Option<VoipAccountId>,
    /// Which client of it.
    pub(super) client: Option<ClientId>,
    pub(super) user: Option<UserId>,
    /// By which trunk, if it is outside.
    pub(super) trunk: Option<TrunkId>,
    /// Where that trunk is, if it is known by its address and not by a name.
    pub(super) place: Option<SocketAddr>,
}

/// An itinerary, with what its tags mean.
pub(super) struct Resolved {
    pub(super) itinerary: Itinerary,
    pub(super) called: BTreeMap<MediaTag, Called>,
}

impl Exchange {
    /// Resolves a plan. `asks_auto`: the caller wants an answer without a hand.
    pub(super) fn resolve(&mut self, directory: &Directory, plan: &Plan, asks_auto: bool) -> Resolved {
        // The node begins with step 0.
        let mut order: Vec<StepIndex> = vec![plan.first()];
        order.extend(plan.steps().map(|(index, _)| index).filter(|index| *index != plan.first()));
        let position = |index: StepIndex| order.iter().position(|known| *known == index).unwrap_or(usize::MAX);
        let mut called = BTreeMap::new();
        let mut steps: Vec<node::Step> = Vec::new();
        let mut endings: Vec<node::Step> = Vec::new();
        for index in &order {
            match plan.step(*index) {
                Some(Step::Ring(ring)) => {
                    let mut next = node::Next {
                        busy: position(ring.next.busy),
                        no_answer: position(ring.next.no_answer),
                        unreachable: position(ring.next.unreachable),
                        declined: position(ring.next.declined),
                        refused: position(ring.next.unreachable),
                        incompatible: position(ring.next.unreachable),
                    };
                    if matches!(plan.step(ring.next.unreachable), Some(Step::End(_))) {
                        // The caller hears that no codec fits, and not that nobody answered; what was said of the number,
                        // and not that there is no line.
                        endings.push(node::Step::End(None));
                        next.incompatible = order.len() + endings.len() - 1;
                        if ring.branches.iter().all(Branch::is_outside) {
                            next.refused = next.incompatible;
                        }
                    }
                    let branches = ring.branches.iter();
                    let targets = branches
                        .filter_map(|branch| self.target(directory, *index, branch, asks_auto, &mut called))
                        .collect();
                    steps.push(node::Step::Ring(node::Ring { targets, time: ring.time, next }));
                }
                Some(Step::End(refusal)) => {
                    let reply = Reply::new(refusal.status).saying(refusal.words);
                    steps.push(node::Step::End(Some(Box::new(reply))));
                }
                Some(Step::Serve(_)) | None => steps.push(node::Step::End(None)),
            }
        }
        steps.extend(endings);
        Resolved { itinerary: Itinerary { steps }, called }
    }

    fn target(
        &mut self,
        directory: &Directory,
        step: StepIndex,
        branch: &Branch,
        asks_auto: bool,
        called: &mut BTreeMap<MediaTag, Called>,
    ) -> Option<node::Target> {
        let (binding, media, shown) = match &branch.target {
            Target::Device { binding, media, shown } => (self.registrar.get(binding)?.clone(), *media, shown),
            Target::Outside { legs, .. } => return self.outside(directory, step, branch, legs, called),
        };
        let tag = self.tag(media);
        let (account, client, user) = (Some(binding.id.account), binding.client.clone(), branch.user);
        called.insert(tag, Called { step, branch: branch.clone(), account, client, user, trunk: None, place: None });
        let mut invite = Invite { way: Some(way_to(&binding)), ..Invite::new(binding.contact.clone(), None) };
        present(&mut invite, shown, &directory.organisation.domain);
        invite.auto_answer = (branch.auto_answer && asks_auto).then_some(Duration::ZERO);
        let account = self.account_of(directory.organisation.id)?;
        Some(node::Target { account, invite, media: tag, wants_offer: false, otherwise: Vec::new() })
    }

    /// A number outside, over the first line that takes the call.
    fn outside(
        &mut self,
        directory: &Directory,
        step: StepIndex,
        branch: &Branch,
        legs: &[TrunkLeg],
        called: &mut BTreeMap<MediaTag, Called>,
    ) -> Option<node::Target> {
        let lines = self.lines(directory, legs).into_iter();
        let mut targets: Vec<_> =
            lines.filter_map(|(leg, server)| self.line(directory, step, branch, leg, server, called)).collect();
        if let Some((_, others)) = targets.split_last_mut() {
            others.iter_mut().for_each(|target| target.invite.has_alternative = true);
        }
        let mut targets = targets.into_iter();
        let first = targets.next()?;
        Some(node::Target { otherwise: targets.collect(), ..first })
    }

    fn line(
        &mut self,
        directory: &Directory,
        step: StepIndex,
        branch: &Branch,
        leg: &TrunkLeg,
        server: usize,
        called: &mut BTreeMap<MediaTag, Called>,
    ) -> Option<node::Target> {
        let trunk = directory.trunks.get(&leg.trunk)?;
        let uri = uri_on(trunk, server, Some(&leg.number))?;
        let tag = self.tag(leg.media);
        let ip = uri.host().and_then(|host| host.as_str().trim_matches(['[', ']']).parse().ok());
        let place = ip.map(|ip| SocketAddr::new(ip, uri.port().unwrap_or(5060)));
        let (account, user, trunk_id) = (None, branch.user, Some(leg.trunk));
        called
            .insert(tag, Called { step, branch: branch.clone(), account, client: None, user, trunk: trunk_id, place });
        let mut invite = Invite::new(uri, None);
        let domain = trunk.settings.domain.as_deref().unwrap_or(&directory.organisation.domain);
        present(&mut invite, &leg.shown, domain);
        let registered = self.trunk_accounts.iter().find(|(_, (_, id))| *id == leg.trunk);
        let own = self.account_of(directory.organisation.id);
        let account: AccountId = registered.map(|(account, _)| *account).or(own)?;
        Some(node::Target { account, invite, media: tag, wants_offer: true, otherwise: Vec::new() })
    }

    /// Every way out: each trunk's servers in turn, beginning with the one that answered last. A trunk that registers has
    /// the one server that it is registered at.
    fn lines<'l>(&self, directory: &Directory, legs: &'l [TrunkLeg]) -> Vec<(&'l TrunkLeg, usize)> {
        let servers = |leg: &'l TrunkLeg| {
            let registered = self.trunk_accounts.values().any(|(_, id)| *id == leg.trunk);
            let count = directory.trunks.get(&leg.trunk).map_or(0, |trunk| trunk.settings.servers.len());
            let first = self.trunk_servers.get(&leg.trunk).copied().filter(|first| *first < count).unwrap_or(0);
            (0..if registered { count.min(1) } else { count }).map(move |n| (leg, (first + n) % count.max(1)))
        };
        legs.iter().flat_map(servers).collect()
    }

    /// A name for an end of media; its profile can be read from it, also in another life.
    pub(super) fn tag(&mut self, media: MediaProfile) -> MediaTag {
        self.last_tag += 1;
        let profile = match media {
            MediaProfile::WebRtc => 1,
            MediaProfile::Sdes => 2,
            MediaProfile::Plain => 3,
            MediaProfile::Best | MediaProfile::Unknown => 0,
        };
        MediaTag(self.last_tag << 3 | profile)
    }
}

/// The media profile that a tag was made for.
pub fn media_profile(tag: MediaTag) -> MediaProfile {
    match tag.0 & 7 {
        1 => MediaProfile::WebRtc,
        2 => MediaProfile::Sdes,
        3 => MediaProfile::Plain,
        _ => MediaProfile::Best,
    }
}

fn way_to(binding: &Binding) -> Way {
    let received = Some((binding.protocol, binding.received));
    Way { flow: binding.flow, received, path: binding.path.clone() }
}

/// Who calls: From, P-Asserted-Identity, Privacy, Diversion (RFC 3323, RFC 3325, RFC 5806).
fn present(invite: &mut Invite, shown: &Shown, domain: &str) {
    let address = |number: &str| Uri::sip(Some(number), domain, None).ok().map(Address::new);
    let from = match &shown.number {
        Some(number) if !shown.withheld => address(number),
        Some(_) | None => Uri::sip(Some("anonymous"), "anonymous.invalid", None).ok().map(Address::new),
    };
    let name = if shown.withheld { Some("Anonymous") } else { shown.name.as_deref() };
    invite.from = from.map(|from| from.with_display(name));
    if let Some(asserted) = shown.asserted.as_deref().and_then(address) {
        let asserted = asserted.with_display(shown.name.as_deref());
        invite.headers.push(("P-Asserted-Identity".to_owned(), asserted.to_string()));
    }
    if shown.withheld {
        invite.headers.push(("Privacy".to_owned(), "id".to_owned()));
    }
    if let Some(diverted_by) = shown.diverted_by.as_deref().and_then(address) {
        let diversion = diverted_by.with_param("reason", Some("unconditional"));
        invite.headers.push(("Diversion".to_owned(), diversion.to_string()));
    }
}

/// One of a trunk's servers, by its position in the settings: where OPTIONS go.
pub fn trunk_server(trunk: &TrunkRouting, server: usize) -> Option<Uri> {
    uri_on(trunk, server, None)
}

fn uri_on(trunk: &TrunkRouting, server: usize, number: Option<&str>) -> Option<Uri> {
    let server = trunk.settings.servers.get(server)?;
    let server = server.trim_start_matches("sip:");
    let user = number.map_or_else(String::new, |number| format!("{}@", number.replace('#', "%23")));
    let uri = Uri::parse(&format!("sip:{user}{server}")).ok()?;
    let protocol = match trunk.settings.transport {
        Transport::Udp => Some(Protocol::Udp),
        Transport::Tcp => Some(Protocol::Tcp),
        Transport::Tls => Some(Protocol::Tls),
        Transport::Ws | Transport::Wss | Transport::Automatic | Transport::Unknown => None,
    };
    Some(match protocol {
        Some(protocol) => uri.with_param("transport", Some(&protocol.via_name().to_ascii_lowercase())),
        None => uri,
    })
}

/// Whether a caller asks for an answer without a hand.
pub(super) fn asks_auto_answer(invite: &Request) -> bool {
    let headers = &invite.headers;
    let says = |name, word: &str| headers.text(name).is_some_and(|text| text.to_ascii_lowercase().contains(word));
    says(HeaderName::AlertInfo, "alert-autoanswer")
        || says(HeaderName::CallInfo, "answer-after")
        || says(HeaderName::AnswerMode, "auto")
}
