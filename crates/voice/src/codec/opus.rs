//! A thin safe wrapper on libopus 1.6: one mono stream at 48 kHz each way.

use std::ffi::c_int;
use std::ptr::{self, NonNull};

use opusic_sys as ffi;

use super::{CodecError, MAX_FRAME_SAMPLES};

/// Opus, 48 kHz mono in.
#[derive(Debug)]
pub struct OpusEncoder {
    state: NonNull<ffi::OpusEncoder>,
}

// SAFETY: the state is owned by this value alone and libopus keeps nothing per thread.
#[allow(unsafe_code)]
unsafe impl Send for OpusEncoder {}

#[allow(unsafe_code)]
impl OpusEncoder {
    /// An encoder tuned for voice.
    pub fn new() -> Result<Self, CodecError> {
        let mut error = ffi::OPUS_OK;
        // SAFETY: no pointer but that of `error`, which outlives the call.
        let state = unsafe { ffi::opus_encoder_create(48_000, 1, ffi::OPUS_APPLICATION_VOIP, &raw mut error) };
        let state = NonNull::new(state).filter(|_| error == ffi::OPUS_OK).ok_or(CodecError::Setup)?;
        Ok(Self { state })
    }

    /// Encodes a frame of 2.5, 5, 10, 20, 40, 60, 80, 100 or 120 ms. One or two bytes back mean that nothing needs to
    /// be sent (DTX).
    pub fn encode(&mut self, samples: &[f32], payload: &mut [u8]) -> Result<usize, CodecError> {
        let frame = c_int::try_from(samples.len()).map_err(|_| CodecError::BadLength)?;
        let room = c_int::try_from(payload.len()).map_err(|_| CodecError::BadLength)?;
        // SAFETY: libopus reads `frame` samples and writes at most `room` bytes; both slices are that long.
        let written =
            unsafe { ffi::opus_encode_float(self.state.as_ptr(), samples.as_ptr(), frame, payload.as_mut_ptr(), room) };
        usize::try_from(written).map_err(|_| CodecError::BadLength)
    }

    /// Bits per second: 6,000–510,000.
    pub fn set_bitrate(&mut self, bits_per_second: u32) -> Result<(), CodecError> {
        self.set(ffi::OPUS_SET_BITRATE_REQUEST, clamped(bits_per_second, 6_000, 510_000))
    }

    /// 0 (cheapest) to 10 (best).
    pub fn set_complexity(&mut self, complexity: u8) -> Result<(), CodecError> {
        self.set(ffi::OPUS_SET_COMPLEXITY_REQUEST, c_int::from(complexity.min(10)))
    }

    /// Whether each packet may carry a coarse copy of the one before (RFC 6716 §2.1.7).
    pub fn set_fec(&mut self, on: bool) -> Result<(), CodecError> {
        self.set(ffi::OPUS_SET_INBAND_FEC_REQUEST, c_int::from(on))
    }

    /// The loss to expect in percent: decides how much of the rate goes into FEC and DRED.
    pub fn set_expected_loss(&mut self, percent: u8) -> Result<(), CodecError> {
        self.set(ffi::OPUS_SET_PACKET_LOSS_PERC_REQUEST, c_int::from(percent.min(100)))
    }

    /// Whether silence is left out (RFC 6716 §2.1.9).
    pub fn set_dtx(&mut self, on: bool) -> Result<(), CodecError> {
        self.set(ffi::OPUS_SET_DTX_REQUEST, c_int::from(on))
    }

    /// How much of the past each packet describes by deep redundancy, in units of 10 ms up to 100; 0 is off.
    pub fn set_deep_redundancy(&mut self, hundredths: u8) -> Result<(), CodecError> {
        self.set(ffi::OPUS_SET_DRED_DURATION_REQUEST, c_int::from(hundredths.min(100)))
    }

    /// The least bandwidth that suits a peer that plays no more than `hertz` (`maxplaybackrate`, RFC 7587 §6.1).
    pub fn set_max_playback_rate(&mut self, hertz: u32) -> Result<(), CodecError> {
        let bandwidth = match hertz {
            0..=8_000 => ffi::OPUS_BANDWIDTH_NARROWBAND,
            8_001..=12_000 => ffi::OPUS_BANDWIDTH_MEDIUMBAND,
            12_001..=16_000 => ffi::OPUS_BANDWIDTH_WIDEBAND,
            16_001..=24_000 => ffi::OPUS_BANDWIDTH_SUPERWIDEBAND,
            _ => ffi::OPUS_BANDWIDTH_FULLBAND,
        };
        self.set(ffi::OPUS_SET_MAX_BANDWIDTH_REQUEST, bandwidth)
    }

    /// Forgets what was encoded before; settings stay.
    pub fn reset(&mut self) {
        // SAFETY: the request takes no argument; the state is valid.
        unsafe { ffi::opus_encoder_ctl(self.state.as_ptr(), ffi::OPUS_RESET_STATE) };
    }

    fn set(&mut self, request: c_int, value: c_int) -> Result<(), CodecError> {
        // SAFETY: every request that is passed here takes one `opus_int32`; the state is valid.
        verdict(unsafe { ffi::opus_encoder_ctl(self.state.as_ptr(), request, value) })
    }
}

#[allow(unsafe_code)]
impl Drop for OpusEncoder {
    fn drop(&mut self) {
        // SAFETY: created by `opus_encoder_create`, destroyed once.
        unsafe { ffi::opus_encoder_destroy(self.state.as_ptr()) };
    }
}

/// Opus to 48 kHz mono; a stereo stream is mixed down.
#[derive(Debug)]
pub struct OpusDecoder {
    state: NonNull<ffi::OpusDecoder>,
    redundancy: Option<Redundancy>,
}

/// What deep redundancy (DRED) needs; absent where libopus was built without it.
#[derive(Debug)]
struct Redundancy {
    decoder: NonNull<ffi::OpusDREDDecoder>,
    parsed: NonNull<ffi::OpusDRED>,
}

// SAFETY: the state is owned by this value alone and libopus keeps nothing per thread.
#[allow(unsafe_code)]
unsafe impl Send for OpusDecoder {}

#[allow(unsafe_code)]
impl OpusDecoder {
    /// A decoder.
    pub fn new() -> Result<Self, CodecError> {
        let mut error = ffi::OPUS_OK;
        // SAFETY: no pointer but that of `error`, which outlives the call.
        let state = unsafe { ffi::opus_decoder_create(48_000, 1, &raw mut error) };
        let state = NonNull::new(state).filter(|_| error == ffi::OPUS_OK).ok_or(CodecError::Setup)?;
        Ok(Self { state, redundancy: Redundancy::new() })
    }

    /// How many samples this payload holds; 0 for a damaged one.
    pub fn duration(payload: &[u8]) -> usize {
        let Ok(length) = c_int::try_from(payload.len()) else { return 0 };
        if length == 0 {
            return 0;
        }
        // SAFETY: libopus reads at most `length` bytes, which the slice has, at least one.
        let samples = unsafe { ffi::opus_packet_get_nb_samples(payload.as_ptr(), length, 48_000) };
        usize::try_from(samples).unwrap_or(0).min(MAX_FRAME_SAMPLES)
    }

    /// Whether this payload carries a copy of the frame before it (RFC 6716 §2.1.7).
    pub fn has_fec(payload: &[u8]) -> bool {
        let Ok(length) = c_int::try_from(payload.len()) else { return false };
        // SAFETY: libopus reads at most `length` bytes, which the slice has, at least one.
        length > 0 && unsafe { ffi::opus_packet_has_lbrr(payload.as_ptr(), length) } == 1
    }

    /// Whether this payload says no more than that there is silence (DTX).
    pub const fn is_silence(payload: &[u8]) -> bool {
        payload.len() <= 2
    }

    /// Decodes a payload.
    pub fn decode(&mut self, payload: &[u8], samples: &mut [f32]) -> Result<usize, CodecError> {
        let wanted = Self::duration(payload);
        if wanted == 0 || wanted > samples.len() {
            return Err(CodecError::BadPayload);
        }
        self.run(Some(payload), samples, 0)
    }

    /// Fills `samples` with the frame *before* `payload` from the copy that `payload` carries. The length is a
    /// multiple of 2.5 ms; what exceeds the copy is concealed.
    pub fn recover(&mut self, payload: &[u8], samples: &mut [f32]) -> Result<usize, CodecError> {
        self.run(Some(payload), samples, 1)
    }

    /// Fills `samples`, a multiple of 2.5 ms, with what plausibly followed. After DTX that is comfort noise.
    pub fn conceal(&mut self, samples: &mut [f32]) -> Result<usize, CodecError> {
        self.run(None, samples, 0)
    }

    /// Reads what `payload` tells of the up to `most` samples before it (DRED); says of how many it tells. To be used by
    /// [`OpusDecoder::restore`].
    pub fn read_redundancy(&mut self, payload: &[u8], most: usize) -> usize {
        let Some(redundancy) = &self.redundancy else { return 0 };
        let (Ok(length), Ok(most)) = (c_int::try_from(payload.len()), c_int::try_from(most)) else { return 0 };
        let mut silent = 0;
        // SAFETY: libopus reads `length` bytes of the slice and writes to `parsed`, which it allocated, and `silent`.
        let samples = unsafe {
            ffi::opus_dred_parse(
                redundancy.decoder.as_ptr(),
                redundancy.parsed.as_ptr(),
                payload.as_ptr(),
                length,
                most,
                48_000,
                &raw mut silent,
                0,
            )
        };
        usize::try_from(samples).unwrap_or(0)
    }

    /// Fills `samples`, a multiple of 2.5 ms, with what was `before` samples before the payload that
    /// [`OpusDecoder::read_redundancy`] read last.
    pub fn restore(&mut self, before: usize, samples: &mut [f32]) -> Result<usize, CodecError> {
        let redundancy = self.redundancy.as_ref().ok_or(CodecError::Unsupported)?;
        let before = c_int::try_from(before).map_err(|_| CodecError::BadLength)?;
        let room = c_int::try_from(samples.len()).map_err(|_| CodecError::BadLength)?;
        // SAFETY: `parsed` is valid, parsed or not, and libopus writes at most `room` samples.
        let decoded = unsafe {
            ffi::opus_decoder_dred_decode_float(
                self.state.as_ptr(),
                redundancy.parsed.as_ptr(),
                before,
                samples.as_mut_ptr(),
                room,
            )
        };
        usize::try_from(decoded).map_err(|_| CodecError::BadPayload)
    }

    /// 0–10: from 5 on a lost frame is concealed by a neural network, from 6 and 7 on low rates are enhanced by one.
    pub fn set_complexity(&mut self, complexity: u8) -> Result<(), CodecError> {
        let value = c_int::from(complexity.min(10));
        // SAFETY: the request takes one `opus_int32`; the state is valid.
        verdict(unsafe { ffi::opus_decoder_ctl(self.state.as_ptr(), ffi::OPUS_SET_COMPLEXITY_REQUEST, value) })
    }

    /// Forgets what was decoded before; settings stay.
    pub fn reset(&mut self) {
        // SAFETY: the request takes no argument; the state is valid.
        unsafe { ffi::opus_decoder_ctl(self.state.as_ptr(), ffi::OPUS_RESET_STATE) };
    }

    fn run(&mut self, payload: Option<&[u8]>, samples: &mut [f32], fec: c_int) -> Result<usize, CodecError> {
        let (data, length) = payload.map_or((ptr::null(), 0), |bytes| (bytes.as_ptr(), bytes.len()));
        let length = c_int::try_from(length).map_err(|_| CodecError::BadPayload)?;
        let room = c_int::try_from(samples.len()).map_err(|_| CodecError::BadLength)?;
        // SAFETY: libopus reads `length` bytes (none at a null pointer) and writes at most `room` samples.
        let decoded =
            unsafe { ffi::opus_decode_float(self.state.as_ptr(), data, length, samples.as_mut_ptr(), room, fec) };
        usize::try_from(decoded).map_err(|_| CodecError::BadPayload)
    }
}

#[allow(unsafe_code)]
impl Drop for OpusDecoder {
    fn drop(&mut self) {
        // SAFETY: created by `opus_decoder_create`, destroyed once.
        unsafe { ffi::opus_decoder_destroy(self.state.as_ptr()) };
    }
}

#[allow(unsafe_code)]
impl Redundancy {
    fn new() -> Option<Self> {
        let mut error = ffi::OPUS_OK;
        // SAFETY: no pointer but that of `error`, which outlives the calls.
        let (decoder, parsed) =
            unsafe { (ffi::opus_dred_decoder_create(&raw mut error), ffi::opus_dred_alloc(&raw mut error)) };
        match (NonNull::new(decoder), NonNull::new(parsed)) {
            (Some(decoder), Some(parsed)) => Some(Self { decoder, parsed }),
            (decoder, parsed) => {
                // SAFETY: whichever exists was created above and is freed once.
                unsafe {
                    decoder.inspect(|decoder| ffi::opus_dred_decoder_destroy(decoder.as_ptr()));
                    parsed.inspect(|parsed| ffi::opus_dred_free(parsed.as_ptr()));
                }
                None
            }
        }
    }
}

#[allow(unsafe_code)]
impl Drop for Redundancy {
    fn drop(&mut self) {
        // SAFETY: both were created by libopus and are freed once.
        unsafe {
            ffi::opus_dred_decoder_destroy(self.decoder.as_ptr());
            ffi::opus_dred_free(self.parsed.as_ptr());
        }
    }
}

fn verdict(code: c_int) -> Result<(), CodecError> {
    match code {
        ffi::OPUS_OK => Ok(()),
        ffi::OPUS_UNIMPLEMENTED => Err(CodecError::Unsupported),
        _ => Err(CodecError::BadLength),
    }
}

fn clamped(value: u32, least: u32, most: u32) -> c_int {
    c_int::try_from(value.clamp(least, most)).unwrap_or(c_int::MAX)
}
