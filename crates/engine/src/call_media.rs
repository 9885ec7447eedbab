use bellbird_base::Duration;
use bellbird_contract::CallId;
use bellbird_media::{Hold, Negotiated, QualityReport, RefusalKind, SdpRefusal, Security};
use bellbird_phone::{Agreed, MediaRefusal, QualitySample};
use bellbird_voice::LossReport;

use crate::sound::{LegFormat, SoundCommand, SoundThread};

/// After so many reports (one a second) without a packet the user is told that nothing arrives.
const QUIET_REPORTS: u32 = 10;
/// Of how many packets the loss is counted anew; about a second of 20 ms packets.
const FEWEST_FOR_LOSS: u64 = 25;

/// What the driver remembers of a call's sound between two reports.
#[derive(Debug)]
pub(crate) struct CallMedia {
    call: CallId,
    /// Whether the other side's sound is to be expected.
    expects: bool,
    held_here: bool,
    packets: u64,
    lost: u64,
    quiet: u32,
    loss_percent: f32,
}

impl CallMedia {
    pub(crate) const fn new(call: CallId) -> Self {
        Self { call, expects: false, held_here: false, packets: 0, lost: 0, quiet: 0, loss_percent: 0.0 }
    }

    /// Tells the sound thread what SDP came to, and gives what the phone wants to know of it.
    pub(crate) fn negotiated(&mut self, negotiated: &Negotiated, sound: &mut SoundThread) -> Agreed {
        self.expects = negotiated.receive;
        let format = LegFormat {
            codec: negotiated.codec,
            ptime: negotiated.ptime,
            sends: negotiated.send,
            plays: negotiated.receive,
            opus: negotiated.opus,
        };
        sound.command(SoundCommand::Format(self.call, format));
        Agreed {
            codec: negotiated.codec,
            encrypted: match negotiated.security {
                Security::None => false,
                Security::Sdes { .. } => true,
            },
            held_by_peer: matches!(negotiated.hold, Hold::Remote | Hold::Both),
            telephone_event: negotiated.telephone_event,
        }
    }

    pub(crate) fn hold(&mut self, held: bool, sound: &mut SoundThread) {
        self.held_here = held;
        self.quiet = 0;
        sound.command(SoundCommand::Hold(self.call, held));
    }

    /// What the phone wants to know each second, and whether sound stopped arriving or came back.
    pub(crate) fn reported(
        &mut self,
        report: &QualityReport,
        microphone_silent: bool,
        sound: &mut SoundThread,
    ) -> (QualitySample, Option<bool>) {
        let silence = self.count_silence(report);
        self.count_loss(report);
        let far_loss = report.remote_loss_percent.unwrap_or(0.0) as f32;
        sound.command(SoundCommand::Loss(self.call, LossReport { percent: far_loss, burst: Duration::ZERO }));
        let sample = QualitySample {
            mos: report.mos as f32,
            loss_percent: self.loss_percent,
            far_loss_percent: report.remote_loss_percent.map(|percent| percent as f32),
            jitter_ms: report.jitter_ms as f32,
            round_trip_ms: report.round_trip_ms.map(|milliseconds| milliseconds as f32),
            microphone_silent,
        };
        (sample, silence)
    }

    fn count_silence(&mut self, report: &QualityReport) -> Option<bool> {
        let before = self.quiet;
        let arrives = report.received_packets > self.packets;
        self.quiet = if arrives || !self.expects || self.held_here { 0 } else { before.saturating_add(1) };
        match (before >= QUIET_REPORTS, self.quiet >= QUIET_REPORTS) {
            (false, true) => Some(true),
            (true, false) => Some(false),
            _ => None,
        }
    }

    /// Loss since the last report, smoothed, rather than over the whole call.
    fn count_loss(&mut self, report: &QualityReport) {
        let received = report.received_packets.saturating_sub(self.packets);
        let lost = report.lost_packets.saturating_sub(self.lost);
        if received + lost >= FEWEST_FOR_LOSS {
            let percent = 100.0 * lost as f32 / (received + lost) as f32;
            self.loss_percent += (percent - self.loss_percent) * 0.5;
        }
        (self.packets, self.lost) = (report.received_packets, report.lost_packets);
    }
}

/// Why there is no SDP, in the phone's words.
pub(crate) const fn refusal(refusal: &SdpRefusal) -> MediaRefusal {
    match refusal.kind {
        RefusalKind::NoCodec | RefusalKind::NoAudio => MediaRefusal::NoCodec,
        RefusalKind::NotSecure | RefusalKind::UnknownSecurity => MediaRefusal::Security,
        RefusalKind::Malformed | RefusalKind::NoAddress | RefusalKind::OfferPending | RefusalKind::NotAnAnswer => {
            MediaRefusal::BadSdp
        }
        RefusalKind::KeysUnavailable => MediaRefusal::Local,
    }
}
