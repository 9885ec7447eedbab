use crate::sdp::ParseError;

/// Why a peer's session description is refused: the SIP status and words for the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SdpRefusal {
    /// Which of the reasons.
    pub kind: RefusalKind,
    /// The SIP status code: mostly 488, 400 for what is no SDP, 491 for crossing offers.
    pub status: u16,
    /// In words.
    pub reason: String,
}

/// The reasons by which a caller may act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// It is no session description, or one beyond all bounds.
    Malformed,
    /// It has no audio stream over RTP.
    NoAudio,
    /// No audio codec in common.
    NoCodec,
    /// We demand SRTP and the peer has none.
    NotSecure,
    /// The peer demands a kind of encryption that we don't have.
    UnknownSecurity,
    /// It does not say where to send audio to.
    NoAddress,
    /// Our own offer is pending (glare).
    OfferPending,
    /// An answer without an offer, or one that doesn't fit it.
    NotAnAnswer,
    /// The crypto provider gave no keys.
    KeysUnavailable,
}

impl SdpRefusal {
    pub(super) fn new(kind: RefusalKind) -> Self {
        Self { kind, status: kind.status(), reason: kind.words().to_owned() }
    }

    /// Words with what the peer has: codec names, never addresses.
    pub(super) fn no_codec(offered: &[String]) -> Self {
        let reason = match offered {
            [] => "no audio codec in common".to_owned(),
            names => format!("no audio codec in common: the other side has {}", names.join(", ")),
        };
        Self { reason, ..Self::new(RefusalKind::NoCodec) }
    }
}

impl From<ParseError> for SdpRefusal {
    fn from(error: ParseError) -> Self {
        Self { reason: error.to_string(), ..Self::new(RefusalKind::Malformed) }
    }
}

impl RefusalKind {
    const fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::OfferPending => 491,
            Self::KeysUnavailable => 500,
            Self::NoAudio
            | Self::NoCodec
            | Self::NotSecure
            | Self::UnknownSecurity
            | Self::NoAddress
            | Self::NotAnAnswer => 488,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Malformed => "this is no session description",
            Self::NoAudio => "the other side offers no audio",
            Self::NoCodec => "no audio codec in common",
            Self::NotSecure => "this account demands encrypted audio and the other side offers none",
            Self::UnknownSecurity => "the other side demands a kind of encryption that is not supported",
            Self::NoAddress => "the other side does not say where to send audio to",
            Self::OfferPending => "both sides changed the call at once",
            Self::NotAnAnswer => "the answer does not fit what was offered",
            Self::KeysUnavailable => "the crypto provider gave no keys",
        }
    }
}
