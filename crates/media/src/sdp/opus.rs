use core::fmt::Write as _;

use crate::event::OpusParameters;

impl OpusParameters {
    /// Reads `a=fmtp` of Opus (RFC 7587 §6.1); unknown parameters and values out of range change nothing.
    pub fn parse(fmtp: &str) -> Self {
        let mut parameters = Self::default();
        for part in fmtp.split(';') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            parameters.set(&name.trim().to_ascii_lowercase(), value.trim());
        }
        parameters
    }

    fn set(&mut self, name: &str, value: &str) {
        let number = value.parse::<u32>().ok();
        let flag = number == Some(1);
        match name {
            "maxplaybackrate" => {
                self.max_playback_rate = number.filter(|rate| (8_000..=48_000).contains(rate)).unwrap_or(48_000);
            }
            "maxaveragebitrate" => self.max_average_bitrate = number.filter(|rate| (6_000..=510_000).contains(rate)),
            "stereo" => self.stereo = flag,
            "cbr" => self.constant_bitrate = flag,
            "useinbandfec" => self.inband_fec = flag,
            "usedtx" => self.dtx = flag,
            _ => {}
        }
    }

    /// Writes `a=fmtp`'s parameters; empty where all are defaults.
    pub fn to_fmtp(self) -> String {
        let mut text = String::new();
        let mut put = |name: &str, value: u32| {
            let separator = if text.is_empty() { "" } else { ";" };
            // Writing to a String can't fail.
            let _ = write!(text, "{separator}{name}={value}");
        };
        if self.max_playback_rate != 48_000 {
            put("maxplaybackrate", self.max_playback_rate);
        }
        if let Some(rate) = self.max_average_bitrate {
            put("maxaveragebitrate", rate);
        }
        let flags = [
            ("stereo", self.stereo),
            ("cbr", self.constant_bitrate),
            ("useinbandfec", self.inband_fec),
            ("usedtx", self.dtx),
        ];
        flags.into_iter().filter(|(_, set)| *set).for_each(|(name, _)| put(name, 1));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_come_back_as_written() {
        let written = "maxplaybackrate=16000;maxaveragebitrate=20000;stereo=1;cbr=1;useinbandfec=1;usedtx=1";
        assert_eq!(OpusParameters::parse(written).to_fmtp(), written);
        assert_eq!(OpusParameters::default().to_fmtp(), "");
    }

    #[test]
    fn browsers_line_is_read() {
        let parameters = OpusParameters::parse("minptime=10; UseInbandFEC=1;sprop-stereo=1; maxaveragebitrate=999999");
        assert!(parameters.inband_fec && !parameters.stereo);
        assert_eq!(parameters.max_average_bitrate, None);
    }
}
