//! WAV files: 16-bit mono, as all peers write them.

use std::path::Path;

/// Sound read from a file: mono, 16 bits.
#[derive(Clone, Debug)]
pub struct Wav {
    /// Samples per second.
    pub rate: u32,
    /// One channel; of more only the first is kept.
    pub samples: Vec<i16>,
}

impl Wav {
    /// Reads a file. A length that was never filled in (the writer was killed) means: to the end.
    pub fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (format, data) = chunks(&bytes).unwrap_or_else(|| panic!("{} is no WAV file", path.display()));
        let channels = usize::from(u16::from_le_bytes([format[2], format[3]]));
        let rate = u32::from_le_bytes([format[4], format[5], format[6], format[7]]);
        let samples = data.chunks_exact(2 * channels).map(|frame| i16::from_le_bytes([frame[0], frame[1]])).collect();
        Self { rate, samples }
    }

    /// Writes 16-bit mono.
    pub fn write(&self, path: &Path) {
        let length = self.samples.len() as u32 * 2;
        let mut bytes = Vec::with_capacity(44 + length as usize);
        bytes.extend(b"RIFF");
        bytes.extend((36 + length).to_le_bytes());
        bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        bytes.extend(self.rate.to_le_bytes());
        bytes.extend((self.rate * 2).to_le_bytes());
        bytes.extend(b"\x02\0\x10\0data");
        bytes.extend(length.to_le_bytes());
        bytes.extend(self.samples.iter().flat_map(|sample| sample.to_le_bytes()));
        std::fs::write(path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// Length in seconds.
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.rate)
    }

    /// Loudness (RMS) in dB below full scale of the part between two times, in seconds. Silence is −100.
    pub fn level_db(&self, from: f64, to: f64) -> f64 {
        let at = |seconds: f64| ((seconds * f64::from(self.rate)) as usize).min(self.samples.len());
        let part = &self.samples[at(from)..at(to)];
        let energy: f64 = part.iter().map(|&sample| (f64::from(sample) / 32_768.0).powi(2)).sum();
        if energy == 0.0 { -100.0 } else { 10.0 * (energy / part.len() as f64).log10() }
    }
}

fn chunks(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut rest = bytes.strip_prefix(b"RIFF")?.get(8..)?;
    let mut format = None;
    while let Some((header, body)) = rest.split_at_checked(8) {
        let length = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
        let chunk = &body[..length.min(body.len())];
        match &header[..4] {
            b"fmt " => format = Some(chunk),
            b"data" => return Some((format?, if length == 0 { body } else { chunk })),
            _ => {}
        }
        rest = body.get(length + length % 2..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let wav = Wav { rate: 8_000, samples: vec![0, 16_384, -16_384, 1] };
        wav.write(&path);
        let read = Wav::read(&path);
        assert_eq!((read.rate, read.samples), (8_000, wav.samples));
    }

    #[test]
    fn half_scale_is_six_decibels_down() {
        let wav = Wav { rate: 1_000, samples: vec![16_384; 1_000] };
        assert!((wav.level_db(0.0, 1.0) + 6.02).abs() < 0.01);
    }
}
