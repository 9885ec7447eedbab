use std::fmt;

use sonora::config::{
    AdaptiveDigital, EchoCanceller, GainController2, HighPassFilter, MaxProcessingRate, NoiseSuppression,
    NoiseSuppressionLevel, Pipeline,
};
use sonora::{AudioProcessing, Config, StreamConfig};

use crate::{Block, SAMPLE_RATE, SILENCE};

/// What is done to the microphone's signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Processing {
    /// Nothing: the samples pass untouched.
    Off,
    /// Noise suppression and gain control: for headsets, where an echo canceller without any echo harms the voice.
    Headset,
    /// Echo cancellation, noise suppression and gain control: for loudspeakers.
    #[default]
    Loudspeaker,
}

/// Removes from the microphone what the loudspeaker plays (WebRTC's AEC3), noise, and differences of level.
///
/// For each 10 ms first [`render`](Self::render) with what goes to the loudspeaker, then
/// [`capture`](Self::capture) with what came from the microphone. Both allocate small blocks inside sonora.
pub struct EchoControl {
    processing: Processing,
    loudspeaker: AudioProcessing,
    headset: AudioProcessing,
    scratch: Block,
}

impl EchoControl {
    /// Allocates for every kind of processing, so that switching does not.
    pub fn new(processing: Processing) -> Self {
        Self { processing, loudspeaker: build(Some(EchoCanceller::default())), headset: build(None), scratch: SILENCE }
    }

    /// Switches what is done.
    pub fn set_processing(&mut self, processing: Processing) {
        self.processing = processing;
    }

    /// What is done.
    pub fn processing(&self) -> Processing {
        self.processing
    }

    /// Tells how long sound takes from `render` through the air to `capture`, in milliseconds; a hint that shortens
    /// the search for the echo.
    pub fn set_delay_hint(&mut self, milliseconds: u32) {
        let milliseconds = i32::try_from(milliseconds.min(500)).unwrap_or(500);
        // Fails only for values out of range.
        let _ = self.loudspeaker.set_stream_delay_ms(milliseconds);
    }

    /// Takes what goes to the loudspeaker.
    pub fn render(&mut self, far: &Block) {
        if self.processing == Processing::Loudspeaker {
            // The lengths are right by type, and nothing else can fail.
            let _ = self.loudspeaker.process_render_f32(&[far], &mut [&mut self.scratch]);
        }
    }

    /// Cleans what came from the microphone, in place.
    pub fn capture(&mut self, near: &mut Block) {
        let apm = match self.processing {
            Processing::Off => return,
            Processing::Headset => &mut self.headset,
            Processing::Loudspeaker => &mut self.loudspeaker,
        };
        self.scratch = *near;
        if apm.process_capture_f32(&[&self.scratch], &mut [near]).is_err() {
            *near = self.scratch;
        }
    }
}

fn build(echo_canceller: Option<EchoCanceller>) -> AudioProcessing {
    let config = Config {
        pipeline: Pipeline { maximum_internal_processing_rate: MaxProcessingRate::Rate48kHz, ..Pipeline::default() },
        high_pass_filter: Some(HighPassFilter::default()),
        echo_canceller,
        noise_suppression: Some(NoiseSuppression {
            level: NoiseSuppressionLevel::Moderate,
            ..NoiseSuppression::default()
        }),
        gain_controller2: Some(GainController2 {
            adaptive_digital: Some(AdaptiveDigital {
                max_gain_db: 24.0,
                initial_gain_db: 0.0,
                ..AdaptiveDigital::default()
            }),
            ..GainController2::default()
        }),
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
