use std::borrow::Cow;

use bellbird_base::{Codec, Duration};

use super::LocalOffer;
use super::agreement::{Agreement, Profile, RtcpTarget};
use super::choice::Choice;
use super::format::Format;
use crate::config::SessionConfig;
use crate::event::OpusParameters;
use crate::sdp::{Attribute, Connection, CryptoAttribute, Direction, MediaDescription, Origin, SessionDescription};

/// One `m=` line of the session: its place never changes (RFC 3264 §8).
#[derive(Clone, Debug)]
pub(super) enum Slot {
    /// Our audio.
    Audio { mid: Option<String>, bundled: bool },
    /// A stream that we don't take.
    Rejected { kind: String, protocol: String, formats: Vec<String>, mid: Option<String> },
}

impl Slot {
    pub(super) const fn audio() -> Self {
        Self::Audio { mid: None, bundled: false }
    }

    pub(super) const fn is_audio(&self) -> bool {
        matches!(self, Self::Audio { .. })
    }

    /// The session's lines as the peer's offer has them.
    pub(super) fn after_offer(description: &SessionDescription<'_>, taken: Option<usize>) -> Vec<Self> {
        let slot = |(index, media): (usize, &MediaDescription<'_>)| {
            let mid = media.attribute("mid").filter(|mid| !mid.is_empty()).map(str::to_owned);
            if Some(index) == taken {
                let bundled = mid.as_deref().is_some_and(|mid| description.bundles(mid));
                return Self::Audio { mid, bundled };
            }
            Self::Rejected {
                kind: media.kind.clone().into_owned(),
                protocol: media.protocol.clone().into_owned(),
                formats: media.formats.iter().take(1).map(|format| format.clone().into_owned()).collect(),
                mid,
            }
        };
        description.media.iter().enumerate().map(slot).collect()
    }
}

/// What our audio stream's lines say.
pub(super) struct AudioLines {
    profile: Profile,
    formats: Vec<(Format, u8)>,
    cryptos: Vec<CryptoAttribute>,
    /// `None` writes port 0.
    direction: Option<Direction>,
    ptime: Duration,
    mux: bool,
    extended_reports: bool,
}

impl AudioLines {
    pub(super) fn of_offer(offer: &LocalOffer, config: &SessionConfig) -> Self {
        Self {
            profile: offer.profile,
            formats: offer.formats.clone(),
            cryptos: offer.cryptos.clone(),
            direction: Some(offer.direction),
            ptime: config.ptime,
            mux: offer.mux,
            extended_reports: offer.extended_reports,
        }
    }

    pub(super) fn of_answer(agreement: &Agreement, choice: &Choice<'_>, config: &SessionConfig) -> Self {
        Self {
            profile: agreement.profile,
            formats: agreement.send.clone(),
            cryptos: answered_crypto(agreement, choice).into_iter().collect(),
            direction: Some(agreement.direction),
            ptime: agreement.ptime,
            mux: choice.mux && agreement.transport.rtcp != RtcpTarget::Off,
            extended_reports: config.extended_reports && agreement.extended_reports,
        }
    }

    pub(super) fn of_suspension(agreement: &Agreement) -> Self {
        Self {
            profile: agreement.profile,
            formats: agreement.send.clone(),
            cryptos: Vec::new(),
            direction: None,
            ptime: agreement.ptime,
            mux: false,
            extended_reports: false,
        }
    }
}

/// The peer's tag and spelling with our key (RFC 4568 §7.1.2).
fn answered_crypto(agreement: &Agreement, choice: &Choice<'_>) -> Option<CryptoAttribute> {
    let (super::Keys::Sdes { local, .. }, Some(theirs)) = (&agreement.keys, &choice.crypto) else { return None };
    let ours = CryptoAttribute::new(theirs.tag, local.clone());
    Some(CryptoAttribute { spelling: theirs.spelling.clone(), ..ours })
}

/// Our whole description but for `o=`. `answered` is the index of the stream that an answer takes.
pub(super) fn description(
    config: &SessionConfig,
    slots: &[Slot],
    lines: &AudioLines,
    answered: Option<usize>,
) -> SessionDescription<'static> {
    let bundle = slots.iter().find_map(|slot| match slot {
        Slot::Audio { mid: Some(mid), bundled: true } if answered.is_some() && lines.direction.is_some() => {
            Some(Attribute::new("group", format!("BUNDLE {mid}")))
        }
        Slot::Audio { .. } | Slot::Rejected { .. } => None,
    });
    SessionDescription {
        origin: None,
        name: "-".into(),
        connection: Some(Connection::of(config.rtp_address.ip())),
        other: vec![('t', "0 0".into())],
        attributes: bundle.into_iter().collect(),
        media: slots.iter().map(|slot| media(config, slot, lines)).collect(),
    }
}

/// `o=` of ours: the address is where the session was made and means nothing for media.
pub(super) fn origin(config: &SessionConfig, session_id: u64, version: u64) -> Origin<'static> {
    Origin {
        username: "-".into(),
        session_id: session_id.to_string().into(),
        version: version.to_string().into(),
        address: Connection::of(config.rtp_address.ip()),
    }
}

fn media(config: &SessionConfig, slot: &Slot, lines: &AudioLines) -> MediaDescription<'static> {
    match slot {
        Slot::Audio { mid, .. } => audio(config, mid.as_deref(), lines),
        Slot::Rejected { kind, protocol, formats, mid } => MediaDescription {
            kind: kind.clone().into(),
            protocol: protocol.clone().into(),
            formats: formats.iter().cloned().map(Cow::from).collect(),
            attributes: mid.iter().map(|mid| Attribute::new("mid", mid.clone())).collect(),
            ..MediaDescription::default()
        },
    }
}

fn audio(config: &SessionConfig, mid: Option<&str>, lines: &AudioLines) -> MediaDescription<'static> {
    let port = lines.direction.map_or(0, |_| config.rtp_address.port());
    MediaDescription {
        kind: "audio".into(),
        port,
        protocol: lines.profile.name().into(),
        formats: lines.formats.iter().map(|(_, number)| number.to_string().into()).collect(),
        attributes: match lines.direction {
            Some(direction) => audio_attributes(config, mid, lines, direction),
            None => mid.into_iter().map(|mid| Attribute::new("mid", mid.to_owned())).collect(),
        },
        ..MediaDescription::default()
    }
}

fn audio_attributes(
    config: &SessionConfig,
    mid: Option<&str>,
    lines: &AudioLines,
    direction: Direction,
) -> Vec<Attribute<'static>> {
    let mut attributes = Vec::with_capacity(16);
    attributes.extend(mid.map(|mid| Attribute::new("mid", mid.to_owned())));
    for (format, number) in &lines.formats {
        attributes.push(Attribute::new("rtpmap", format.rtpmap(*number)));
        attributes.extend(fmtp(*format).map(|value| Attribute::new("fmtp", format!("{number} {value}"))));
    }
    attributes.push(Attribute::new("ptime", lines.ptime.as_millis().to_string()));
    attributes.extend(rtcp(config));
    attributes.extend(lines.mux.then(|| Attribute::flag("rtcp-mux")));
    attributes.extend(lines.extended_reports.then(|| Attribute::new("rtcp-xr", "voip-metrics")));
    attributes.extend(lines.cryptos.iter().map(|crypto| Attribute::new("crypto", crypto.to_string())));
    attributes.push(Attribute::flag(direction.name()));
    attributes
}

fn fmtp(format: Format) -> Option<String> {
    match format {
        Format::Audio(Codec::Opus) => Some(OUR_OPUS.to_fmtp()),
        Format::Event { .. } => Some("0-16".to_owned()),
        Format::Audio(_) | Format::ComfortNoise => None,
    }
}

/// Said only where RTCP is not on RTP's port plus one (RFC 3605), or where there is no second port at all.
fn rtcp(config: &SessionConfig) -> Option<Attribute<'static>> {
    let rtp = config.rtp_address;
    match config.rtcp_address {
        Some(rtcp) if rtcp.ip() != rtp.ip() => {
            Some(Attribute::new("rtcp", format!("{} {}", rtcp.port(), Connection::of(rtcp.ip()))))
        }
        Some(rtcp) if Some(rtcp.port()) != rtp.port().checked_add(1) => {
            Some(Attribute::new("rtcp", rtcp.port().to_string()))
        }
        Some(_) => None,
        None => Some(Attribute::new("rtcp", rtp.port().to_string())),
    }
}

/// What we ask of the peer's Opus encoder: correction against loss, and otherwise its defaults.
const OUR_OPUS: OpusParameters = OpusParameters {
    max_playback_rate: 48_000,
    max_average_bitrate: None,
    stereo: false,
    constant_bitrate: false,
    inband_fec: true,
    dtx: false,
};
