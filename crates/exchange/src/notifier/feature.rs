//! `as-feature-event`: BroadSoft's feature key synchronisation. A desk phone's key sets the user's Do Not Disturb and
//! forwarding, and all of the user's phones show what holds.

use bellbird_sip::agent::Body;

use super::xml::{self, Element, Unreadable, escape};
use crate::ForwardKind;
use crate::routing::FeatureAct;
use crate::words::{Destination, Forwarding, Forwardings};

/// The event package.
pub const PACKAGE: &str = "as-feature-event";
/// What bodies of it are.
pub const CONTENT_TYPE: &str = "application/x-as-feature-event+xml";
/// Without it Polycom's phones restart, with another one parsing stops.
pub const NAMESPACE: &str = "http://www.ecma-international.org/standards/ecma-323/csta/ed3";

/// What a SUBSCRIBE's body says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The device as the phone names it: it is told back letter by letter.
    pub device: Option<String>,
    /// What shall change. Empty means: tell me everything.
    pub acts: Vec<FeatureAct>,
}

/// Reads a body in any dialect: Yealink's and Polycom's `SetDoNotDisturb` and `SetForwarding`, with any prefix, and
/// Cisco's `dnd` of a PUBLISH.
///
/// # Errors
/// Where it is no XML within our bounds.
pub fn read(bytes: &[u8]) -> Result<Asked, Unreadable> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Asked { device: None, acts: Vec::new() });
    }
    let root = xml::read(bytes)?;
    let all = root.all();
    let device = all.iter().find_map(|element| element.child("device")).map(str::to_owned);
    Ok(Asked { device, acts: all.into_iter().filter_map(act).collect() })
}

fn act(element: &Element) -> Option<FeatureAct> {
    match element.name.as_str() {
        "SetDoNotDisturb" => Some(FeatureAct::Dnd(truth(element.child("doNotDisturbOn")?)?)),
        "SetForwarding" => {
            let kind = kind(element.child("forwardingType")?)?;
            let on = truth(element.child("activateForward")?)?;
            let target = element.child("forwardDN").map(bare_number).unwrap_or_default();
            Some(FeatureAct::Forward { kind, target: on.then_some(target) })
        }
        // Cisco: <ce:dnd/> in PIDF is on; some firmware writes the truth into it.
        "dnd" => Some(FeatureAct::Dnd(element.text.is_empty() || truth(&element.text)?)),
        _ => None,
    }
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

fn kind(text: &str) -> Option<ForwardKind> {
    match text {
        "forwardImmediate" => Some(ForwardKind::Always),
        "forwardBusy" => Some(ForwardKind::Busy),
        "forwardNoAns" => Some(ForwardKind::NoAnswer),
        "forwardNotReachable" | "forwardUnreachable" => Some(ForwardKind::Unreachable),
        _ => None,
    }
}

/// A number as dialled, from `sip:061@host` and `tel:061` too.
fn bare_number(text: &str) -> String {
    let text = text.strip_prefix("sip:").or_else(|| text.strip_prefix("tel:")).unwrap_or(text);
    text.split(['@', ';']).next().unwrap_or_default().trim().to_owned()
}

/// What holds, as a NOTIFY's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureState {
    /// Do Not Disturb.
    pub dnd: bool,
    /// The forwardings: kind, whether it is active, where to, after how many seconds.
    pub forwardings: Vec<(ForwardKind, bool, String)>,
    /// How long the devices ring, for *on no answer*.
    pub ring_seconds: u32,
}

impl FeatureState {
    /// From what the directory holds. A destination that is a person is told by `number_of`.
    pub fn of(
        dnd: bool,
        forwardings: &Forwardings,
        ring_seconds: u32,
        number_of: impl Fn(&Destination) -> String,
    ) -> Self {
        let told = |kind: ForwardKind, forwarding: &Option<Forwarding>| match forwarding {
            Some(forwarding) => (kind, forwarding.active, number_of(&forwarding.to)),
            None => (kind, false, String::new()),
        };
        let forwardings = vec![
            told(ForwardKind::Always, &forwardings.always),
            told(ForwardKind::Busy, &forwardings.busy),
            told(ForwardKind::NoAnswer, &forwardings.no_answer),
        ];
        Self { dnd, forwardings, ring_seconds }
    }

    /// All of it, in one multipart body: a phone that just subscribed wants to know everything.
    pub fn body(&self, device: &str) -> Body {
        let mut parts = vec![self.dnd_event(device)];
        parts.extend(
            self.forwardings.iter().map(|(kind, active, to)| self.forwarding_event(device, *kind, *active, to)),
        );
        const BOUNDARY: &str = "bellbird-feature";
        let mut text = String::new();
        for part in parts {
            text.push_str(&format!("--{BOUNDARY}\r\nContent-Type: {CONTENT_TYPE}\r\n\r\n{part}\r\n"));
        }
        text.push_str(&format!("--{BOUNDARY}--\r\n"));
        Body::new(format!("multipart/mixed;boundary={BOUNDARY}"), text)
    }

    /// What changed since `before`: one plain body where it is one thing, as older firmware reads nothing else.
    pub fn changes(&self, before: &Self, device: &str) -> Option<Body> {
        let mut parts = Vec::new();
        if self.dnd != before.dnd {
            parts.push(self.dnd_event(device));
        }
        for forwarding in self.forwardings.iter().filter(|forwarding| !before.forwardings.contains(forwarding)) {
            let (kind, active, to) = forwarding;
            parts.push(self.forwarding_event(device, *kind, *active, to));
        }
        match parts.len() {
            0 => None,
            1 => parts.pop().map(|part| Body::new(CONTENT_TYPE, part)),
            _ => Some(self.body(device)),
        }
    }

    fn dnd_event(&self, device: &str) -> String {
        let (device, on) = (escape(device), self.dnd);
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<DoNotDisturbEvent xmlns=\"{NAMESPACE}\">\
             <device>{device}</device><doNotDisturbOn>{on}</doNotDisturbOn></DoNotDisturbEvent>"
        )
    }

    fn forwarding_event(&self, device: &str, kind: ForwardKind, active: bool, to: &str) -> String {
        let (device, to) = (escape(device), escape(to));
        let name = match kind {
            ForwardKind::Always => "forwardImmediate",
            ForwardKind::Busy => "forwardBusy",
            ForwardKind::NoAnswer => "forwardNoAns",
            ForwardKind::Unreachable => "forwardNotReachable",
        };
        // A ring lasts about six seconds.
        let rings = if kind == ForwardKind::NoAnswer {
            format!("<ringCount>{}</ringCount>", (self.ring_seconds / 6).max(1))
        } else {
            String::new()
        };
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<ForwardingEvent xmlns=\"{NAMESPACE}\">\
             <device>{device}</device><forwardingType>{name}</forwardingType><forwardStatus>{active}</forwardStatus>\
             <forwardTo>{to}</forwardTo>{rings}</ForwardingEvent>"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yealinks_polycoms_and_ciscos_keys_are_read() {
        let dnd = |on| vec![FeatureAct::Dnd(on)];
        let yealink = format!(
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<SetDoNotDisturb xmlns=\"{NAMESPACE}\">\n<device>203</device><doNotDisturbOn>true</doNotDisturbOn></SetDoNotDisturb>"
        );
        let asked = read(yealink.as_bytes()).unwrap();
        assert_eq!((asked.device.as_deref(), asked.acts), (Some("203"), dnd(true)));
        let polycom = format!(
            "<csta:SetDoNotDisturb xmlns:csta='{NAMESPACE}'><csta:device></csta:device><csta:doNotDisturbOn>0</csta:doNotDisturbOn></csta:SetDoNotDisturb>"
        );
        assert_eq!(read(polycom.as_bytes()).unwrap().acts, dnd(false));
        let cisco = "<presence xmlns:ce='urn:cisco:params:xml:ns:pidf:rpid'><person><activities><ce:dnd/></activities></person></presence>";
        assert_eq!(read(cisco.as_bytes()).unwrap().acts, dnd(true));
    }

    #[test]
    fn forwarding_keys_are_read() {
        let body = format!(
            "<SetForwarding xmlns=\"{NAMESPACE}\"><device>203</device><activateForward>true</activateForward><forwardingType>forwardNoAns</forwardingType><forwardDN>sip:0612345678@h</forwardDN><ringCount>4</ringCount></SetForwarding>"
        );
        let act = FeatureAct::Forward { kind: ForwardKind::NoAnswer, target: Some("0612345678".into()) };
        assert_eq!(read(body.as_bytes()).unwrap().acts, [act]);
        let off = body.replace("true", "false");
        assert_eq!(
            read(off.as_bytes()).unwrap().acts,
            [FeatureAct::Forward { kind: ForwardKind::NoAnswer, target: None }]
        );
    }

    #[test]
    fn an_empty_body_asks_for_everything() {
        assert_eq!(read(b" \r\n").unwrap(), Asked { device: None, acts: Vec::new() });
    }

    #[test]
    fn news_echo_the_device_and_bear_the_namespace() {
        let off = FeatureState::of(false, &Forwardings::default(), 20, |_| String::new());
        let on = FeatureState { dnd: true, ..off.clone() };
        let body = on.changes(&off, "203<").unwrap();
        assert_eq!(body.content_type, CONTENT_TYPE);
        let text = String::from_utf8(body.bytes).unwrap();
        assert!(
            text.contains(&format!(
                "<DoNotDisturbEvent xmlns=\"{NAMESPACE}\"><device>203&lt;</device><doNotDisturbOn>true<"
            )),
            "{text}"
        );
        assert_eq!(on.changes(&on, "203"), None);
    }

    #[test]
    fn several_news_come_as_parts() {
        let state = FeatureState::of(true, &Forwardings::default(), 20, |_| String::new());
        let body = state.body("203");
        assert!(body.content_type.starts_with("multipart/mixed;boundary="));
        let text = String::from_utf8(body.bytes).unwrap();
        assert_eq!(text.matches("Content-Type: application/x-as-feature-event+xml").count(), 4);
        assert!(text.contains("<ringCount>3</ringCount>"));
    }
}
