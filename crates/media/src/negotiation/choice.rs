use super::agreement::{Agreement, Keys, Profile, Transport, audio};
use super::format::Format;
use super::refusal::{RefusalKind, SdpRefusal};
use super::{LocalOffer, agreed_ptime, direction_of, hold_of, opus_of, wants_extended_reports};
use crate::config::{SessionConfig, SrtpPolicy};
use crate::sdp::{CryptoAttribute, Direction, MasterKey, MediaDescription, SessionDescription};

/// The stream of the peer's offer that we take, and what we take of it.
pub(super) struct Choice<'a> {
    pub(super) index: usize,
    pub(super) profile: Profile,
    pub(super) crypto: Option<CryptoAttribute>,
    /// What both know, in the peer's order, by its numbers.
    pub(super) formats: Vec<(Format, u8)>,
    pub(super) mux: bool,
    transport: Transport,
    description: &'a SessionDescription<'a>,
    media: &'a MediaDescription<'a>,
}

impl<'a> Choice<'a> {
    /// The best audio stream of an offer: as secure as the policy likes it, then the one in use, then the first. If none
    /// will do, why the first one won't.
    pub(super) fn among(
        config: &SessionConfig,
        description: &'a SessionDescription<'a>,
        in_use: Option<usize>,
    ) -> Result<Self, SdpRefusal> {
        let mut first_refusal = None;
        let mut best: Option<Self> = None;
        let streams = description.media.iter().enumerate();
        for (index, media) in streams.filter(|(_, media)| media.is_rtp_audio() && media.port != 0) {
            match Self::of(config, description, index, media) {
                Ok(choice)
                    if best.as_ref().is_none_or(|best| choice.rank(config, in_use) > best.rank(config, in_use)) =>
                {
                    best = Some(choice);
                }
                Ok(_) => {}
                Err(refusal) => first_refusal = first_refusal.or(Some(refusal)),
            }
        }
        best.ok_or_else(|| first_refusal.unwrap_or_else(|| SdpRefusal::new(RefusalKind::NoAudio)))
    }

    fn of(
        config: &SessionConfig,
        description: &'a SessionDescription<'a>,
        index: usize,
        media: &'a MediaDescription<'a>,
    ) -> Result<Self, SdpRefusal> {
        let profile = Profile::of(&media.protocol).ok_or(SdpRefusal::new(RefusalKind::UnknownSecurity))?;
        let crypto = crypto_of_offer(config.srtp, profile, media).map_err(SdpRefusal::new)?;
        let mux = media.has("rtcp-mux");
        let transport = Transport::of(description, media, mux).ok_or(SdpRefusal::new(RefusalKind::NoAddress))?;
        let formats = common_formats(config, media);
        if audio(&formats).next().is_none() {
            return Err(SdpRefusal::no_codec(&encodings(media)));
        }
        Ok(Self { index, profile, crypto, formats, mux, transport, description, media })
    }

    fn rank(&self, config: &SessionConfig, in_use: Option<usize>) -> (bool, bool) {
        let wants_secure = config.srtp != SrtpPolicy::Off;
        (self.crypto.is_some() == wants_secure, in_use == Some(self.index))
    }

    /// What our answer comes to.
    pub(super) fn agree(&self, config: &SessionConfig, wanted: Direction, local: Option<MasterKey>) -> Agreement {
        let peer = direction_of(self.description, self.media, &self.transport);
        let keys = match (local, &self.crypto) {
            (Some(local), Some(crypto)) => Keys::Sdes { local, remote: crypto.key.clone(), remote_mki: crypto.mki },
            _ => Keys::None,
        };
        Agreement {
            profile: self.profile,
            transport: self.transport.clone(),
            keys,
            send: self.formats.clone(),
            receive: self.formats.clone(),
            direction: wanted.and(peer.reversed()),
            hold: hold_of(wanted, peer),
            ptime: ptime(config, self.media, &self.formats),
            opus: opus_of(self.media, &self.formats),
            extended_reports: config.extended_reports && wants_extended_reports(self.description, self.media),
        }
    }
}

fn ptime(config: &SessionConfig, media: &MediaDescription<'_>, formats: &[(Format, u8)]) -> bellbird_base::Duration {
    audio(formats).next().map_or(config.ptime, |(codec, _)| agreed_ptime(config.ptime, media, codec))
}

fn crypto_of_offer(
    policy: SrtpPolicy,
    profile: Profile,
    media: &MediaDescription<'_>,
) -> Result<Option<CryptoAttribute>, RefusalKind> {
    let crypto = media.cryptos().next();
    match (policy, profile.is_secure(), crypto) {
        (_, true, Some(crypto)) => Ok(Some(crypto)),
        (_, true, None) => Err(RefusalKind::UnknownSecurity),
        (SrtpPolicy::Off, false, _) => Ok(None),
        (SrtpPolicy::Optional, false, crypto) => Ok(crypto),
        (SrtpPolicy::Required, false, Some(crypto)) => Ok(Some(crypto)),
        (SrtpPolicy::Required, false, None) => Err(RefusalKind::NotSecure),
    }
}

/// What both know, in the peer's order; of several numbers for one format the first.
fn common_formats(config: &SessionConfig, media: &MediaDescription<'_>) -> Vec<(Format, u8)> {
    let mut common: Vec<(Format, u8)> = Vec::new();
    for number in media.payload_types() {
        let Some(format) = Format::of(media, number).filter(|format| is_ours(config, *format)) else { continue };
        if common.iter().all(|(known, taken)| *known != format && *taken != number) {
            common.push((format, number));
        }
    }
    let is_narrow = audio(&common).any(|(codec, _)| codec.clock_rate() == 8_000);
    common.retain(|(format, _)| is_narrow || *format != Format::ComfortNoise);
    common
}

fn is_ours(config: &SessionConfig, format: Format) -> bool {
    match format {
        Format::Audio(codec) => config.codecs.contains(&codec),
        Format::Event { .. } => config.telephone_event,
        Format::ComfortNoise => config.comfort_noise,
    }
}

/// What the peer has, for the words of a refusal.
fn encodings(media: &MediaDescription<'_>) -> Vec<String> {
    let name = |number: u8| match media.rtpmap(number) {
        Some(map) => map.encoding.chars().filter(char::is_ascii_graphic).take(20).collect(),
        None => format!("payload type {number}"),
    };
    media.payload_types().take(8).map(name).collect()
}

/// What the peer's answer to our offer comes to.
pub(super) fn accept(
    config: &SessionConfig,
    offer: &LocalOffer,
    description: &SessionDescription<'_>,
    media: &MediaDescription<'_>,
) -> Result<Agreement, SdpRefusal> {
    if media.port == 0 || !media.is_rtp_audio() {
        return Err(SdpRefusal::new(RefusalKind::NoAudio));
    }
    let profile = Profile::of(&media.protocol).ok_or(SdpRefusal::new(RefusalKind::UnknownSecurity))?;
    let keys = keys_of_answer(offer, profile, media).map_err(SdpRefusal::new)?;
    let mux = offer.mux && media.has("rtcp-mux");
    let transport = Transport::of(description, media, mux).ok_or(SdpRefusal::new(RefusalKind::NoAddress))?;
    let send = accepted_formats(offer, media);
    if audio(&send).next().is_none() {
        return Err(SdpRefusal::no_codec(&encodings(media)));
    }
    let peer = direction_of(description, media, &transport);
    Ok(Agreement {
        profile,
        transport,
        keys,
        receive: receivable_formats(offer, &send),
        direction: offer.direction.and(peer.reversed()),
        hold: hold_of(offer.direction, peer),
        ptime: ptime(config, media, &send),
        opus: opus_of(media, &send),
        extended_reports: offer.extended_reports && wants_extended_reports(description, media),
        send,
    })
}

/// The line of the answer by its tag, or, where a peer gets the tag wrong, by its suite.
fn keys_of_answer(offer: &LocalOffer, profile: Profile, media: &MediaDescription<'_>) -> Result<Keys, RefusalKind> {
    let fitting = media.cryptos().find_map(|theirs| {
        let same_suite = || offer.cryptos.iter().filter(|ours| ours.suite == theirs.suite);
        let ours = same_suite().find(|ours| ours.tag == theirs.tag).or_else(|| same_suite().next())?;
        Some(Keys::Sdes { local: ours.key.clone(), remote: theirs.key, remote_mki: theirs.mki })
    });
    match fitting {
        Some(keys) => Ok(keys),
        None if profile.is_secure() => Err(RefusalKind::UnknownSecurity),
        None if offer.profile.is_secure() => Err(RefusalKind::NotSecure),
        None => Ok(Keys::None),
    }
}

/// What the answer takes of our offer, in its order, by its numbers. A dynamic number without `a=rtpmap` is ours.
fn accepted_formats(offer: &LocalOffer, media: &MediaDescription<'_>) -> Vec<(Format, u8)> {
    let mut accepted: Vec<(Format, u8)> = Vec::new();
    for number in media.payload_types() {
        let by_our_number = || offer.formats.iter().find(|(_, ours)| *ours == number).map(|(format, _)| *format);
        let format = Format::of(media, number).or_else(|| media.rtpmap(number).is_none().then(by_our_number).flatten());
        let offered = format.filter(|format| offer.formats.iter().any(|(ours, _)| ours == format));
        if let Some(format) = offered.filter(|format| accepted.iter().all(|(known, _)| known != format)) {
            accepted.push((format, number));
        }
    }
    accepted
}

/// Packets come by our numbers; some peers use their own: these count where they do not clash.
fn receivable_formats(offer: &LocalOffer, send: &[(Format, u8)]) -> Vec<(Format, u8)> {
    let mut formats = offer.formats.clone();
    for (format, number) in send {
        if formats.iter().all(|(_, ours)| ours != number) {
            formats.push((*format, *number));
        }
    }
    formats
}
