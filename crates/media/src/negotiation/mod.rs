//! Offer and answer (RFC 3264) for one audio stream.

mod agreement;
mod choice;
mod compose;
mod format;
mod refusal;
#[cfg(test)]
mod tests;

use bellbird_base::{Duration, Rng};

pub(crate) use agreement::{Agreement, Keys, RtcpTarget, audio};
use agreement::{Profile, Target, Transport};
pub(crate) use format::Format;
pub use refusal::{RefusalKind, SdpRefusal};

use crate::config::{SessionConfig, SrtpPolicy};
use crate::event::{Hold, OpusParameters};
use crate::sdp::{CryptoAttribute, Direction, MasterKey, MediaDescription, SessionDescription};
use crate::srtp::Suite;
use bellbird_base::Codec;
use choice::Choice;
use compose::{AudioLines, Slot};
use format::PayloadTypes;

/// One side of the exchange of session descriptions.
#[derive(Debug)]
pub(crate) struct Negotiator {
    session_id: u64,
    version: u64,
    /// The last description that we sent, without `o=`: an equal one keeps its version (RFC 3264 §8).
    written: Option<SessionDescription<'static>>,
    numbers: PayloadTypes,
    slots: Vec<Slot>,
    /// Our master keys, one a suite: a re-offer changes no key (RFC 4568 §7.1.4).
    keys: Vec<MasterKey>,
    exchange: Exchange,
}

/// ```text
///        ┌──────────────── answer() ───────────────┐
///        │                                         ▼
///      Idle ── offer() ──▶ Offering ── accept ──▶ Agreed ──┐ answer(), or the answer of another fork
///        ▲                  │   ▲  │               │  ▲ ▲──┘
///        └──── rollback ────┘   │  └── rollback ───┼──┘
///                               └──── offer() ─────┘
/// ```
#[derive(Debug)]
enum Exchange {
    Idle,
    Offering { offer: LocalOffer, before: Option<Settled> },
    Agreed(Settled),
}

/// A complete exchange; with our offer, if the offer was ours: another fork's answer may come to it.
#[derive(Clone, Debug)]
struct Settled {
    agreement: Agreement,
    offer: Option<LocalOffer>,
}

/// What we offered.
#[derive(Clone, Debug)]
struct LocalOffer {
    index: usize,
    profile: Profile,
    formats: Vec<(Format, u8)>,
    cryptos: Vec<CryptoAttribute>,
    direction: Direction,
    mux: bool,
    extended_reports: bool,
}

impl Negotiator {
    pub(crate) fn new(rng: &mut Rng) -> Self {
        Self {
            // 62 bits: some peers read it as a signed number.
            session_id: rng.next_u64() >> 2,
            version: 0,
            written: None,
            numbers: PayloadTypes::default(),
            slots: Vec::new(),
            keys: Vec::new(),
            exchange: Exchange::Idle,
        }
    }

    /// What holds now. A pending offer changes nothing yet.
    pub(crate) fn agreement(&self) -> Option<&Agreement> {
        self.settled().map(|settled| &settled.agreement)
    }

    fn settled(&self) -> Option<&Settled> {
        match &self.exchange {
            Exchange::Idle => None,
            Exchange::Offering { before, .. } => before.as_ref(),
            Exchange::Agreed(settled) => Some(settled),
        }
    }

    /// Our offer; `None` if one is pending.
    pub(crate) fn offer(
        &mut self,
        config: &mut SessionConfig,
        wanted: Direction,
    ) -> Option<Result<String, RefusalKind>> {
        let before = match core::mem::replace(&mut self.exchange, Exchange::Idle) {
            Exchange::Idle => None,
            Exchange::Agreed(settled) => Some(settled),
            pending @ Exchange::Offering { .. } => {
                self.exchange = pending;
                return None;
            }
        };
        match self.local_offer(config, wanted, before.as_ref()) {
            Ok(offer) => {
                let lines = AudioLines::of_offer(&offer, config);
                let text = self.write(config, &lines, None);
                self.exchange = Exchange::Offering { offer, before };
                Some(Ok(text))
            }
            Err(problem) => {
                self.exchange = before.map_or(Exchange::Idle, Exchange::Agreed);
                Some(Err(problem))
            }
        }
    }

    fn local_offer(
        &mut self,
        config: &mut SessionConfig,
        wanted: Direction,
        before: Option<&Settled>,
    ) -> Result<LocalOffer, RefusalKind> {
        if self.slots.is_empty() {
            self.slots.push(Slot::audio());
        }
        let agreement = before.map(|settled| &settled.agreement);
        let suites = offered_suites(config, before);
        let mut cryptos = Vec::with_capacity(suites.len());
        for (tag, suite) in (1..).zip(suites) {
            cryptos.push(CryptoAttribute::new(tag, self.local_key(config, suite)?));
        }
        let fresh = if config.srtp == SrtpPolicy::Required { Profile::Savp } else { Profile::Avp };
        Ok(LocalOffer {
            index: self.slots.iter().position(Slot::is_audio).unwrap_or_default(),
            profile: agreement.map_or(fresh, |agreement| agreement.profile),
            formats: self.offered_formats(config, agreement),
            cryptos,
            direction: wanted,
            mux: config.rtcp_address.is_none(),
            extended_reports: config.extended_reports,
        })
    }

    /// Our codecs in our order; in a re-offer the one in use comes first, so that nothing changes.
    fn offered_formats(&mut self, config: &SessionConfig, agreement: Option<&Agreement>) -> Vec<(Format, u8)> {
        let current = agreement.and_then(Agreement::codec).map(|(codec, _)| codec);
        let current = current.filter(|codec| config.codecs.contains(codec));
        let others = config.codecs.iter().copied().filter(|codec| Some(*codec) != current);
        let codecs: Vec<Codec> = current.into_iter().chain(others).collect();
        let mut formats: Vec<Format> = codecs.iter().copied().map(Format::Audio).collect();
        if config.comfort_noise && codecs.iter().any(|codec| codec.clock_rate() == 8_000) {
            formats.push(Format::ComfortNoise);
        }
        for codec in codecs.iter().filter(|_| config.telephone_event) {
            let event = Format::Event { clock_rate: codec.clock_rate() };
            if !formats.contains(&event) {
                formats.push(event);
            }
        }
        formats.into_iter().map(|format| (format, self.numbers.assign(format))).collect()
    }

    fn local_key(&mut self, config: &mut SessionConfig, suite: Suite) -> Result<MasterKey, RefusalKind> {
        if let Some(key) = self.keys.iter().find(|key| key.suite() == suite) {
            return Ok(key.clone());
        }
        let mut bytes = vec![0; suite.key_length() + suite.salt_length()];
        config.keys.fill(&mut bytes).map_err(|_| RefusalKind::KeysUnavailable)?;
        let key = MasterKey::new(suite, bytes).ok_or(RefusalKind::KeysUnavailable)?;
        self.keys.push(key.clone());
        Ok(key)
    }

    /// Our key for an answer: a fresh one if the peer's has changed, for whoever had the old one may not be in the call any
    /// more.
    fn answering_key(
        &mut self,
        config: &mut SessionConfig,
        crypto: &CryptoAttribute,
    ) -> Result<MasterKey, RefusalKind> {
        let has_changed = match self.agreement().map(|agreement| &agreement.keys) {
            Some(Keys::Sdes { remote, .. }) => *remote != crypto.key,
            Some(Keys::None) | None => false,
        };
        if has_changed {
            self.keys.clear();
        }
        self.local_key(config, crypto.suite)
    }

    /// Takes the peer's offer, gives our answer. After an `Err` everything is as it was.
    pub(crate) fn answer(
        &mut self,
        config: &mut SessionConfig,
        wanted: Direction,
        offer: &str,
    ) -> Result<String, SdpRefusal> {
        if matches!(self.exchange, Exchange::Offering { .. }) {
            return Err(SdpRefusal::new(RefusalKind::OfferPending));
        }
        let description = SessionDescription::parse(offer)?;
        let previous = self.slots.iter().position(Slot::is_audio);
        let suspended = self.agreement().zip(previous).and_then(|(agreement, index)| {
            let is_gone = description.media.get(index).is_some_and(|media| media.is_rtp_audio() && media.port == 0);
            is_gone.then(|| agreement.suspended(wanted))
        });
        let choice = match (Choice::among(config, &description, previous), suspended) {
            (Ok(choice), _) => choice,
            (Err(_), Some(agreement)) => return Ok(self.answer_suspension(config, agreement, &description)),
            (Err(refusal), None) => return Err(refusal),
        };
        let local = choice.crypto.as_ref().map(|crypto| self.answering_key(config, crypto)).transpose();
        let local = local.map_err(SdpRefusal::new)?;
        let agreement = choice.agree(config, wanted, local);
        choice.formats.iter().for_each(|(format, number)| self.numbers.adopt(*format, *number));
        self.slots = Slot::after_offer(&description, Some(choice.index));
        let lines = AudioLines::of_answer(&agreement, &choice, config);
        let text = self.write(config, &lines, Some(choice.index));
        self.exchange = Exchange::Agreed(Settled { agreement, offer: None });
        Ok(text)
    }

    /// Some phones hold, or drop the audio of a call for a while, by port 0.
    fn answer_suspension(
        &mut self,
        config: &SessionConfig,
        agreement: Agreement,
        description: &SessionDescription<'_>,
    ) -> String {
        let index = self.slots.iter().position(Slot::is_audio);
        self.slots = Slot::after_offer(description, index);
        let lines = AudioLines::of_suspension(&agreement);
        let text = self.write(config, &lines, None);
        self.exchange = Exchange::Agreed(Settled { agreement, offer: None });
        text
    }

    /// Takes the answer to our offer, or another fork's answer to it. After an `Err` nothing has changed.
    pub(crate) fn accept_answer(&mut self, config: &SessionConfig, answer: &str) -> Result<(), SdpRefusal> {
        let description = SessionDescription::parse(answer)?;
        let (offer, before) = match &self.exchange {
            Exchange::Offering { offer, before } => (offer, before.as_ref()),
            Exchange::Agreed(Settled { offer: Some(offer), agreement: _ }) => (offer, None),
            Exchange::Idle | Exchange::Agreed(_) => return Err(SdpRefusal::new(RefusalKind::NotAnAnswer)),
        };
        let media = description.media.get(offer.index).ok_or(SdpRefusal::new(RefusalKind::NotAnAnswer))?;
        let agreement = match before {
            Some(before) if media.port == 0 => before.agreement.suspended(offer.direction),
            _ => choice::accept(config, offer, &description, media)?,
        };
        let offer = Some(offer.clone());
        self.exchange = Exchange::Agreed(Settled { agreement, offer });
        Ok(())
    }

    /// Forgets a pending offer.
    pub(crate) fn rollback(&mut self) {
        if let Exchange::Offering { before, .. } = &mut self.exchange {
            self.exchange = before.take().map_or(Exchange::Idle, Exchange::Agreed);
        }
    }

    /// Puts an address in place of the host name that the peer's description named.
    pub(crate) fn resolve(&mut self, address: std::net::IpAddr) {
        let settled = match &mut self.exchange {
            Exchange::Offering { before: Some(settled), .. } | Exchange::Agreed(settled) => settled,
            Exchange::Idle | Exchange::Offering { before: None, .. } => return,
        };
        settled.agreement.transport.rtp.resolve(address);
        if let RtcpTarget::Separate(target) = &mut settled.agreement.transport.rtcp {
            target.resolve(address);
        }
    }

    fn write(&mut self, config: &SessionConfig, lines: &AudioLines, answered: Option<usize>) -> String {
        let mut description = compose::description(config, &self.slots, lines, answered);
        if self.written.as_ref() != Some(&description) {
            self.version += 1;
            self.written = Some(description.clone());
        }
        description.origin = Some(compose::origin(config, self.session_id, self.version));
        description.to_string()
    }
}

/// A secured call keeps what it has: the lines of our last offer, or the peer's choice if it offered. Else the policy says.
fn offered_suites(config: &SessionConfig, before: Option<&Settled>) -> Vec<Suite> {
    match before.map(|settled| (&settled.agreement.keys, &settled.offer)) {
        Some((Keys::Sdes { .. }, Some(offer))) => offer.cryptos.iter().map(|crypto| crypto.suite).collect(),
        Some((Keys::Sdes { local, .. }, None)) => vec![local.suite()],
        Some((Keys::None, _)) | None if config.srtp == SrtpPolicy::Off => Vec::new(),
        Some((Keys::None, _)) | None => config.suites.clone(),
    }
}

/// Who holds, by what we want and what the peer wrote.
fn hold_of(wanted: Direction, peer: Direction) -> Hold {
    match (wanted.receives(), peer.receives()) {
        (true, true) => Hold::None,
        (false, true) => Hold::Local,
        (true, false) => Hold::Remote,
        (false, false) => Hold::Both,
    }
}

impl Agreement {
    /// The same with the stream taken out for now.
    fn suspended(&self, wanted: Direction) -> Self {
        Self {
            transport: Transport { rtp: Target::Nowhere, rtcp: RtcpTarget::Off },
            direction: Direction::Inactive,
            hold: hold_of(wanted, Direction::Inactive),
            ..self.clone()
        }
    }
}

/// How much audio the peer wants in a packet: its `ptime` below its `maxptime`, to the next length below that every
/// codec of ours packs.
fn agreed_ptime(ours: Duration, media: &MediaDescription<'_>, codec: Codec) -> Duration {
    let ours = u32::try_from(ours.as_millis()).unwrap_or(20);
    let wanted = media.ptime().unwrap_or(ours).min(media.maxptime().unwrap_or(u32::MAX));
    let lengths: &[u32] = if codec == Codec::Opus { &[60, 40, 20, 10] } else { &[60, 40, 30, 20, 10] };
    let length = lengths.iter().copied().find(|length| *length <= wanted).unwrap_or(10);
    Duration::from_millis(u64::from(length))
}

fn opus_of(media: &MediaDescription<'_>, formats: &[(Format, u8)]) -> OpusParameters {
    let number = formats.iter().find(|(format, _)| *format == Format::Audio(Codec::Opus)).map(|(_, number)| *number);
    number.and_then(|number| media.fmtp(number)).map(OpusParameters::parse).unwrap_or_default()
}

fn wants_extended_reports(description: &SessionDescription<'_>, media: &MediaDescription<'_>) -> bool {
    let value = media.attribute("rtcp-xr").or_else(|| description.attribute("rtcp-xr"));
    value.is_some_and(|value| value.to_ascii_lowercase().contains("voip-metrics"))
}

/// What the peer's direction comes to when it can't receive because it gives no address (`c=0.0.0.0`).
fn direction_of(
    description: &SessionDescription<'_>,
    media: &MediaDescription<'_>,
    transport: &Transport,
) -> Direction {
    match transport.rtp {
        Target::Nowhere => description.direction_of(media).and(Direction::SendOnly),
        Target::Address(_) | Target::Name { .. } => description.direction_of(media),
    }
}
