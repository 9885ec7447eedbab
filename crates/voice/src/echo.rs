use std::fmt;

use sonora::config::{
    AdaptiveDigital, EchoCanceller, GainController2, HighPassFilter, MaxProcessingRate, NoiseSuppression,
    NoiseSuppressionLevel, Pipeline,
};
use sonora::{AudioProcessing, Config, StreamConfig};

use crate::{Block, SAMPLE_RATE, SILENCE};

/// What is done to the microphone's signal; each on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Processing {
    /// Removes what the loudspeaker plays. Off for headsets: where there is no echo, cancelling one harms the voice.
    pub echo_cancellation: bool,
    /// Removes steady noise.
    pub noise_suppression: bool,
    /// Makes soft and loud voices alike.
    pub gain_control: bool,
}

impl Processing {
    /// Nothing: the samples pass untouched.
    pub const OFF: Self = Self { echo_cancellation: false, noise_suppression: false, gain_control: false };
    /// Everything but echo cancellation.
    pub const HEADSET: Self = Self { echo_cancellation: false, noise_suppression: true, gain_control: true };
    /// Everything.
    pub const LOUDSPEAKER: Self = Self { echo_cancellation: true, noise_suppression: true, gain_control: true };
}

impl Default for Processing {
    fn default() -> Self {
        Self::LOUDSPEAKER
    }
}

/// Removes from the microphone what the loudspeaker plays (WebRTC's AEC3), noise, and differences of level.
///
/// For each 10 ms first [`render`](Self::render) with what goes to the loudspeaker, then
/// [`capture`](Self::capture) with what came from the microphone. To change what is done, make another one elsewhere and
/// swap it in.
pub struct EchoControl {
    processing: Processing,
    pipeline: Option<AudioProcessing>,
    scratch: Block,
}

impl EchoControl {
    /// Allocates what this processing needs.
    pub fn new(processing: Processing) -> Self {
        let pipeline = (processing != Processing::OFF).then(|| build(processing));
        Self { processing, pipeline, scratch: SILENCE }
    }

    /// What is done.
    pub fn processing(&self) -> Processing {
        self.processing
    }

    /// Tells how long sound takes from `render` through the air to `capture`, in milliseconds; a hint that shortens
    /// the search for the echo.
    pub fn set_delay_hint(&mut self, milliseconds: u32) {
        let milliseconds = i32::try_from(milliseconds.min(500)).unwrap_or(500);
        if let Some(pipeline) = &mut self.pipeline {
            // Fails only for values out of range.
            let _ = pipeline.set_stream_delay_ms(milliseconds);
        }
    }

    /// Takes what goes to the loudspeaker.
    pub fn render(&mut self, far: &Block) {
        if let Some(pipeline) = self.pipeline.as_mut().filter(|_| self.processing.echo_cancellation) {
            // The lengths are right by type, and nothing else can fail.
            let _ = pipeline.process_render_f32(&[far], &mut [&mut self.scratch]);
        }
    }

    /// Cleans what came from the microphone, in place.
    pub fn capture(&mut self, near: &mut Block) {
        let Some(pipeline) = &mut self.pipeline else { return };
        self.scratch = *near;
        if pipeline.process_capture_f32(&[&self.scratch], &mut [near]).is_err() {
            *near = self.scratch;
        }
    }
}

fn build(processing: Processing) -> AudioProcessing {
    let noise_suppression = NoiseSuppression { level: NoiseSuppressionLevel::Moderate, ..NoiseSuppression::default() };
    let gain_controller = GainController2 {
        adaptive_digital: Some(AdaptiveDigital {
            max_gain_db: 24.0,
            initial_gain_db: 0.0,
            ..AdaptiveDigital::default()
        }),
        ..GainController2::default()
    };
    let config = Config {
        pipeline: Pipeline { maximum_internal_processing_rate: MaxProcessingRate::Rate48kHz, ..Pipeline::default() },
        high_pass_filter: Some(HighPassFilter::default()),
        echo_canceller: processing.echo_cancellation.then(EchoCanceller::default),
        noise_suppression: processing.noise_suppression.then_some(noise_suppression),
        gain_controller2: processing.gain_control.then_some(gain_controller),
        ..Config::default()
    };
    let stream = StreamConfig::new(SAMPLE_RATE, 1);
    AudioProcessing::builder().config(config).capture_config(stream).render_config(stream).build()
}

impl fmt::Debug for EchoControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EchoControl").field("processing", &self.processing).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BLOCK_SAMPLES;
    use crate::level::mean_square;

    #[test]
    fn echo_of_the_loudspeaker_is_removed() {
        let (echo, left) = energies(Processing::LOUDSPEAKER);
        let removed = 10.0 * (echo / left.max(1e-12)).log10();
        assert!(removed > 20.0, "{removed} dB");
    }

    #[test]
    fn nothing_is_removed_where_nothing_is_done() {
        let (echo, left) = energies(Processing::OFF);
        assert!((echo - left).abs() < 1e-9);
    }

    #[test]
    fn each_part_works_without_the_others() {
        for processing in [
            Processing { noise_suppression: true, ..Processing::OFF },
            Processing { gain_control: true, ..Processing::OFF },
            Processing { echo_cancellation: true, ..Processing::OFF },
        ] {
            let mut control = EchoControl::new(processing);
            let mut block = SILENCE;
            (0..20).for_each(|_| control.capture(&mut block));
            assert!(block.iter().all(|sample| sample.abs() < 1e-3), "{processing:?} makes silence loud");
        }
    }

    /// Mean squares of the last second of an echo of 60 ms at half the loudness, and of what is left of it.
    fn energies(processing: Processing) -> (f32, f32) {
        const DELAY: usize = 6;
        let mut control = EchoControl::new(processing);
        let far: Vec<Block> = noise_bursts(500);
        let (mut echo, mut left) = (0.0, 0.0);
        for (n, block) in far.iter().enumerate() {
            control.render(block);
            let mut near = n.checked_sub(DELAY).map_or(SILENCE, |n| far[n].map(|sample| sample * 0.5));
            let before = mean_square(&near);
            control.capture(&mut near);
            if n >= far.len() - 100 {
                echo += before;
                left += mean_square(&near);
            }
        }
        (echo, left)
    }

    /// Noise that comes and goes some three times a second, as syllables do.
    fn noise_bursts(blocks: usize) -> Vec<Block> {
        let mut state = 1_u32;
        let mut noise = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        };
        (0..blocks)
            .map(|n| {
                let loud = 0.25 * (1.0 + (n as f32 * 0.2).sin());
                let mut block = [0.0; BLOCK_SAMPLES];
                block.iter_mut().for_each(|sample| *sample = noise() * loud);
                block
            })
            .collect()
    }
}
