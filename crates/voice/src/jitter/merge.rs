//! The way back from made-up to decoded audio, without a click and without a break in the pitch.

use super::conceal::Concealer;
use super::pitch;
use super::speech::Speech;
use crate::codec::ComfortNoiseDecoder;

/// How long the two are blended.
const OVERLAP_MS: usize = 10;
/// How much of both is compared to bring their periods into line.
const COMPARED_MS: usize = 8;
/// Below this likeness there are no periods to bring into line.
const ALIKE: f32 = 0.5;
/// The overlap and a period on top, at the highest rate that needs it (16 kHz).
const ROOM: usize = (OVERLAP_MS + 15) * 16;

/// Blends comfort noise into the newest `decoded` samples. The delay does not change.
pub(crate) fn into_noise(speech: &mut Speech, decoded: usize, noise: &mut ComfortNoiseDecoder) -> i64 {
    let mut synthetic = [0.0; ROOM];
    let overlap = (OVERLAP_MS * speech.per_ms()).min(decoded).min(ROOM);
    noise.generate(&mut synthetic[..overlap]);
    blend(&synthetic[..overlap], speech.newest_mut(decoded));
    0
}

/// Blends a concealed voice into the newest `decoded` samples, after moving them by up to half a period so that both
/// are in phase. Says by how many samples the delay grew.
pub(crate) fn into_voice(speech: &mut Speech, decoded: usize, concealer: &mut Concealer) -> i64 {
    let per_ms = speech.per_ms();
    let overlap = (OVERLAP_MS * per_ms).min(decoded / 2);
    let reach = (concealer.period() / 2).min(ROOM - overlap).min(decoded - overlap).min(speech.room().len());
    let mut synthetic = [0.0; ROOM];
    let synthetic = &mut synthetic[..overlap + reach];
    concealer.generate(synthetic);
    match best_move(synthetic, speech.newest_mut(decoded), reach, COMPARED_MS * per_ms) {
        Move::Later(samples) => {
            speech.commit(samples);
            let fresh = speech.newest_mut(decoded + samples);
            fresh.copy_within(..decoded, samples);
            fresh[..samples].copy_from_slice(&synthetic[..samples]);
            blend(&synthetic[samples..samples + overlap], &mut fresh[samples..]);
            samples as i64
        }
        Move::Earlier(samples) => {
            let fresh = speech.newest_mut(decoded);
            fresh.copy_within(samples.., 0);
            blend(&synthetic[..overlap], fresh);
            speech.shorten(samples);
            -(samples as i64)
        }
    }
}

enum Move {
    /// So much of the made-up voice goes before the decoded.
    Later(usize),
    /// So much of the decoded is left out.
    Earlier(usize),
}

fn best_move(synthetic: &[f32], fresh: &[f32], reach: usize, compared: usize) -> Move {
    let mut best = (ALIKE, Move::Later(0));
    for samples in 0..=reach {
        // A longer move has to be worth it.
        let cost = 0.1 * samples as f32 / reach.max(1) as f32;
        let later = pitch::likeness(&synthetic[samples..], fresh, compared) - cost;
        if later > best.0 {
            best = (later, Move::Later(samples));
        }
        let earlier = pitch::likeness(synthetic, &fresh[samples..], compared) - cost;
        if earlier > best.0 {
            best = (earlier, Move::Earlier(samples));
        }
    }
    best.1
}

/// Turns `from` into `to`, in `to`.
fn blend(from: &[f32], to: &mut [f32]) {
    let length = from.len() as f32;
    for (n, (fresh, old)) in to.iter_mut().zip(from).enumerate() {
        let along = (n as f32 + 0.5) / length;
        *fresh = old + (*fresh - old) * along;
    }
}
