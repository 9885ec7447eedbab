//! Linear prediction: what the spectrum of a short stretch of sound looks like, as an all-pole filter.

/// Autocorrelation of `samples` at lags 0, 1, 2…
pub(crate) fn autocorrelation(samples: &[f32], correlation: &mut [f32]) {
    for (lag, value) in correlation.iter_mut().enumerate() {
        *value = samples.iter().skip(lag).zip(samples).map(|(later, earlier)| later * earlier).sum();
    }
}

/// Reflection coefficients of a signal with this autocorrelation (Levinson–Durbin), in the sign in which a low-pass
/// signal's first is negative. `correlation` is one longer than `reflection`.
pub(crate) fn reflection_of<const N: usize>(correlation: &[f32]) -> [f32; N] {
    let mut reflection = [0.0; N];
    let mut predictor = [0.0; N];
    if correlation.len() <= N {
        return reflection;
    }
    // White noise at −40 dB keeps the recursion away from singular matrices.
    let mut error = correlation[0] * 1.000_1 + 1e-9;
    for order in 0..N {
        let past: f32 = (0..order).map(|i| predictor[i] * correlation[order - i]).sum();
        let k = (-(correlation[order + 1] + past) / error).clamp(-0.98, 0.98);
        raise(&mut predictor, order, k);
        error *= 1.0 - k * k;
        reflection[order] = k;
    }
    reflection
}

/// The direct-form predictor of these reflection coefficients: `y[n] = e[n] − Σ a[i] y[n−1−i]`.
pub(crate) fn predictor_of<const N: usize>(reflection: &[f32; N]) -> [f32; N] {
    let mut predictor = [0.0; N];
    for (order, k) in reflection.iter().enumerate() {
        raise(&mut predictor, order, *k);
    }
    predictor
}

/// One step of the recursion: from a predictor of `order` coefficients to one more.
fn raise<const N: usize>(predictor: &mut [f32; N], order: usize, k: f32) {
    let before = *predictor;
    for i in 0..order {
        predictor[i] = before[i] + k * before[order - 1 - i];
    }
    predictor[order] = k;
}

/// An all-pole filter with its memory, newest output first.
#[derive(Clone, Debug)]
pub(crate) struct Synthesis<const N: usize> {
    pub(crate) predictor: [f32; N],
    pub(crate) memory: [f32; N],
}

impl<const N: usize> Synthesis<N> {
    pub(crate) const fn new() -> Self {
        Self { predictor: [0.0; N], memory: [0.0; N] }
    }

    /// Filters one sample; the output stays within ±`most`.
    pub(crate) fn filter(&mut self, excitation: f32, most: f32) -> f32 {
        let predicted: f32 = self.predictor.iter().zip(&self.memory).map(|(a, y)| a * y).sum();
        let output = (excitation - predicted).clamp(-most, most);
        self.memory.copy_within(..N - 1, 1);
        self.memory[0] = output;
        output
    }
}

/// Uniform noise in ±1.
#[derive(Clone, Debug)]
pub(crate) struct White(u32);

impl White {
    pub(crate) const fn new() -> Self {
        Self(0x2545_F491)
    }

    pub(crate) fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as i32 as f32 / 2_147_483_648.0
    }
}

/// Uniform noise in ±1 has a variance of 1/3: this brings it to 1.
pub(crate) const WHITE_TO_UNIT: f32 = 1.732_050_8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_found_again_in_what_it_made() {
        let mut source = Synthesis::<2> { predictor: [-1.2, 0.6], memory: [0.0; 2] };
        let mut white = White::new();
        let samples: Vec<f32> = (0..8_000).map(|_| source.filter(white.next(), 100.0)).collect();
        let mut correlation = [0.0; 3];
        autocorrelation(&samples, &mut correlation);
        let found = predictor_of(&reflection_of::<2>(&correlation));
        assert!((found[0] + 1.2).abs() < 0.05 && (found[1] - 0.6).abs() < 0.05, "{found:?}");
    }

    #[test]
    fn silence_has_a_flat_spectrum() {
        assert_eq!(reflection_of::<4>(&[0.0; 5]), [0.0; 4]);
    }
}
