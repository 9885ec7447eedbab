//! The SIP test: an OPTIONS to each registration of an account, and how long its answer takes.

use std::collections::BTreeMap;

use bellbird_base::{FlowId, FlowInfo, Instant, Transmit};
use bellbird_contract::server::{OptionsAnswer, RegistrationId};
use bellbird_exchange::registrar::Binding;
use bellbird_net::{NetHandle, clock};
use tokio::sync::oneshot;

use super::saved;
use crate::auth::new_id;

/// Tests under way at once; more are not sent.
const MOST: usize = 200;

/// One registration that was asked; the answer is dropped where none comes.
pub(crate) struct Probe {
    pub(crate) registration: RegistrationId,
    pub(crate) answer: oneshot::Receiver<OptionsAnswer>,
}

#[derive(Default)]
pub(crate) struct Probes {
    open: BTreeMap<String, Open>,
}

struct Open {
    registration: RegistrationId,
    request: Transmit,
    reliable: bool,
    since: Instant,
    done: oneshot::Sender<OptionsAnswer>,
}

impl Probes {
    /// Sends an OPTIONS to each.
    pub(crate) fn ask(
        &mut self,
        bindings: Vec<Binding>,
        flows: &BTreeMap<FlowId, FlowInfo>,
        net: &NetHandle,
    ) -> Vec<Probe> {
        self.open.retain(|_, open| !open.done.is_closed());
        bindings.into_iter().map(|binding| self.ask_one(&binding, flows, net)).collect()
    }

    fn ask_one(&mut self, binding: &Binding, flows: &BTreeMap<FlowId, FlowInfo>, net: &NetHandle) -> Probe {
        let registration = RegistrationId(saved::key(&binding.id.key));
        let (done, answer) = oneshot::channel();
        let flow = binding.flow.and_then(|flow| Some((flow, *flows.get(&flow)?)));
        if let (Some((flow, info)), Ok(name), true) = (flow, new_id(), self.open.len() < MOST) {
            let request = Transmit { flow, payload: options(binding, &info, &name).into_bytes() };
            net.send(request.clone());
            let (registration, since) = (registration.clone(), clock::now());
            let reliable = info.protocol.is_reliable();
            self.open.insert(name, Open { registration, request, reliable, since, done });
        }
        Probe { registration, answer }
    }

    /// Sends again what datagrams may have lost.
    pub(crate) fn repeat(&mut self, net: &NetHandle) {
        self.open.retain(|_, open| !open.done.is_closed());
        for open in self.open.values().filter(|open| !open.reliable) {
            net.send(open.request.clone());
        }
    }

    /// Looks whether bytes that came in are the answer to one of ours.
    pub(crate) fn heard(&mut self, bytes: &[u8]) {
        if self.open.is_empty() || !bytes.starts_with(b"SIP/2.0 ") {
            return;
        }
        let text = String::from_utf8_lossy(bytes);
        let Some(name) = self.open.keys().find(|name| text.contains(name.as_str())).cloned() else { return };
        let status = text.get(8..11).and_then(|status| status.parse::<u16>().ok());
        if let (Some(status @ 200..), Some(open)) = (status, self.open.remove(&name)) {
            let millis = u32::try_from((clock::now() - open.since).as_millis()).ok();
            // Whoever asked may have given up.
            open.done.send(OptionsAnswer { registration: open.registration, status: Some(status), millis }).ok();
        }
    }
}

fn options(binding: &Binding, info: &FlowInfo, name: &str) -> String {
    let (contact, local, via) = (&binding.contact, info.local, info.protocol.via_name());
    let route: String = binding.path.iter().map(|hop| format!("Route: <{hop}>\r\n")).collect();
    format!(
        "OPTIONS {contact} SIP/2.0\r\n\
         Via: SIP/2.0/{via} {local};branch=z9hG4bK{name};rport\r\n\
         Max-Forwards: 70\r\n\
         {route}From: <sip:{local}>;tag={name}\r\n\
         To: <{contact}>\r\n\
         Call-ID: {name}\r\n\
         CSeq: 1 OPTIONS\r\n\
         Accept: application/sdp\r\n\
         Content-Length: 0\r\n\r\n"
    )
}
