/// How loud something is, relative to a full-scale sine's peak.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Root mean square in dBFS; [`Level::FLOOR_DBFS`] for silence. A full-scale sine gives −3.
    pub rms_dbfs: f32,
    /// Peak in dBFS.
    pub peak_dbfs: f32,
}

impl Level {
    /// What silence reads.
    pub const FLOOR_DBFS: f32 = -100.0;

    /// Nothing to be heard.
    pub const SILENT: Self = Self { rms_dbfs: Self::FLOOR_DBFS, peak_dbfs: Self::FLOOR_DBFS };
}

/// Smoothed level of a stream for a meter on a screen: rises at once, falls slowly.
#[derive(Clone, Debug)]
pub struct LevelMeter {
    mean_square: f32,
    peak: f32,
}

/// Time constant of the fall of the RMS reading: 120 ms.
const RELEASE_SECONDS: f32 = 0.12;
/// Fall of the peak reading.
const PEAK_FALL_DB_PER_SECOND: f32 = 20.0;

impl LevelMeter {
    /// A meter that reads silence.
    pub const fn new() -> Self {
        Self { mean_square: 0.0, peak: 0.0 }
    }

    /// Takes `samples` at 48 kHz into account.
    pub fn measure(&mut self, samples: &[f32]) {
        if samples.is_empty() {
            return;
        }
        let seconds = samples.len() as f32 / crate::SAMPLE_RATE as f32;
        let energy = mean_square(samples);
        let peak = samples.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        let keep = if energy > self.mean_square { 0.3 } else { (-seconds / RELEASE_SECONDS).exp() };
        self.mean_square = self.mean_square * keep + energy * (1.0 - keep);
        let fallen = self.peak * 10_f32.powf(-PEAK_FALL_DB_PER_SECOND * seconds / 20.0);
        self.peak = peak.max(fallen);
    }

    /// What the meter shows now.
    pub fn level(&self) -> Level {
        Level { rms_dbfs: decibels(self.mean_square), peak_dbfs: decibels(self.peak * self.peak) }
    }
}

impl Default for LevelMeter {
    fn default() -> Self {
        Self::new()
    }
}

/// Mean of the squares; 0 of nothing.
pub(crate) fn mean_square(samples: &[f32]) -> f32 {
    if samples.is_empty() {
        return 0.0;
    }
    samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32
}

/// A power as decibels, bounded below by the floor.
pub(crate) fn decibels(power: f32) -> f32 {
    if power <= 1e-10 { Level::FLOOR_DBFS } else { 10.0 * power.log10() }
}

/// The amplitude factor that `decibels` stands for.
pub(crate) fn amplitude(decibels: f32) -> f32 {
    10_f32.powf(decibels / 20.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(amplitude: f32, samples: usize) -> Vec<f32> {
        (0..samples).map(|n| amplitude * (n as f32 * 0.13).sin()).collect()
    }

    #[test]
    fn full_scale_sine_reads_minus_three() {
        let mut meter = LevelMeter::new();
        for _ in 0..50 {
            meter.measure(&sine(1.0, 480));
        }
        assert!((meter.level().rms_dbfs + 3.0).abs() < 0.3, "{:?}", meter.level());
        assert!(meter.level().peak_dbfs.abs() < 0.2);
    }

    #[test]
    fn silence_reads_the_floor_and_the_reading_falls_slowly() {
        let mut meter = LevelMeter::new();
        assert_eq!(meter.level(), Level::SILENT);
        meter.measure(&sine(1.0, 4800));
        let loud = meter.level().rms_dbfs;
        meter.measure(&[0.0; 480]);
        let later = meter.level().rms_dbfs;
        assert!(later < loud && later > loud - 3.0);
        for _ in 0..1000 {
            meter.measure(&[0.0; 480]);
        }
        assert_eq!(meter.level().rms_dbfs, Level::FLOOR_DBFS);
    }
}
