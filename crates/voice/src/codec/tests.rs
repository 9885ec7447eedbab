use super::*;

fn tone(hertz: f32, rate: u32, samples: usize) -> Vec<f32> {
    (0..samples).map(|n| 0.5 * (std::f32::consts::TAU * hertz * n as f32 / rate as f32).sin()).collect()
}

/// Something like a vowel whose pitch and loudness move.
fn voice(samples: usize) -> Vec<f32> {
    let mut phase = 0.0_f32;
    (0..samples)
        .map(|n| {
            let t = n as f32 / 48_000.0;
            phase += std::f32::consts::TAU * (130.0 + 25.0 * (4.0 * t).sin()) / 48_000.0;
            let loud = 0.5 + 0.5 * (20.0 * t).sin();
            (1..25).map(|k| loud * 0.1 / (1.0 + (k as f32 - 5.0).abs() / 4.0) * (phase * k as f32).sin()).sum()
        })
        .collect()
}

fn round_trip(codec: Codec, samples: &[f32]) -> Vec<f32> {
    let mut encoder = Encoder::new(codec).unwrap();
    let mut decoder = Decoder::new(codec).unwrap();
    let frame = codec.sample_rate() as usize / 50;
    let (mut payload, mut out) = ([0; MAX_PAYLOAD_BYTES], [0.0; MAX_FRAME_SAMPLES]);
    let mut decoded = Vec::new();
    for chunk in samples.chunks_exact(frame) {
        let bytes = encoder.encode(chunk, &mut payload).unwrap();
        assert_eq!(Decoder::duration(codec, &payload[..bytes]), frame);
        let count = decoder.decode(&payload[..bytes], &mut out).unwrap();
        decoded.extend_from_slice(&out[..count]);
    }
    decoded
}

/// How much of a tone came through, and how much else there is, both in dB; whatever its phase is now.
fn tone_and_noise(decoded: &[f32], hertz: f32, rate: u32) -> (f32, f32) {
    let late = &decoded[2_000..2_000 + rate as usize / 2];
    let turn = std::f32::consts::TAU * hertz / rate as f32;
    let part = |wave: fn(f32) -> f32| {
        let sum: f32 = late.iter().enumerate().map(|(n, sample)| sample * wave(turn * n as f32)).sum();
        2.0 * sum / late.len() as f32
    };
    let (sine, cosine) = (part(f32::sin), part(f32::cos));
    let rest = late.iter().enumerate().map(|(n, sample)| {
        let at = turn * n as f32;
        (sample - sine * at.sin() - cosine * at.cos()).powi(2)
    });
    let (tone, noise) = (0.5 * (sine * sine + cosine * cosine), rest.sum::<f32>() / late.len() as f32);
    (10.0 * (tone / 0.125).log10(), 10.0 * (noise / 0.125 + 1e-12).log10())
}

#[test]
fn a_tone_survives_every_codec() {
    for (codec, least) in [(Codec::Pcmu, 33.0), (Codec::Pcma, 33.0), (Codec::G722, 20.0), (Codec::Opus, 12.0)] {
        let rate = codec.sample_rate();
        let (gain, noise) = tone_and_noise(&round_trip(codec, &tone(440.0, rate, rate as usize)), 440.0, rate);
        assert!(gain.abs() < 1.0 && noise < -least, "{codec:?}: {gain} dB, noise {noise} dB");
    }
}

#[test]
fn hum_below_the_telephone_band_stays_here() {
    for codec in [Codec::Pcmu, Codec::Pcma] {
        let rate = codec.sample_rate();
        let gain = |hertz| tone_and_noise(&round_trip(codec, &tone(hertz, rate, rate as usize)), hertz, rate).0;
        assert!(gain(50.0) < -20.0 && gain(300.0) > -1.0 && gain(3_000.0) > -0.2, "{codec:?}");
    }
}

#[test]
fn garbage_is_refused_and_never_panics() {
    let mut out = [0.0; MAX_FRAME_SAMPLES];
    let mut seed = 1_u32;
    for codec in Codec::ALL {
        let mut decoder = Decoder::new(codec).unwrap();
        for length in (0..MAX_PAYLOAD_BYTES).step_by(7) {
            let bytes: Vec<u8> = (0..length)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (seed >> 24) as u8
                })
                .collect();
            let _ = decoder.decode(&bytes, &mut out);
        }
    }
    assert_eq!(Decoder::new(Codec::Opus).unwrap().decode(&[], &mut out), Err(CodecError::BadPayload));
}

#[test]
fn opus_recovers_a_lost_frame_from_the_next_packet() {
    let speech = voice(48_000);
    let mut encoder = OpusEncoder::new().unwrap();
    encoder.set_bitrate(32_000).unwrap();
    encoder.set_fec(true).unwrap();
    encoder.set_expected_loss(20).unwrap();
    let mut packets = Vec::new();
    let mut payload = [0; MAX_PAYLOAD_BYTES];
    for frame in speech.chunks_exact(960) {
        let bytes = encoder.encode(frame, &mut payload).unwrap();
        packets.push(payload[..bytes].to_vec());
    }
    assert!(packets[10..].iter().filter(|packet| OpusDecoder::has_fec(packet)).count() > 20);
    let mut decoder = OpusDecoder::new().unwrap();
    let mut out = [0.0; MAX_FRAME_SAMPLES];
    for packet in &packets[..20] {
        decoder.decode(packet, &mut out).unwrap();
    }
    assert_eq!(decoder.recover(&packets[21], &mut out[..960]), Ok(960));
    assert!(crate::level::mean_square(&out[..960]) > 0.001);
    assert_eq!(decoder.conceal(&mut out[..480]), Ok(480));
}

#[test]
fn this_build_knows_deep_redundancy() {
    assert_eq!(OpusEncoder::new().unwrap().set_deep_redundancy(20), Ok(()));
    assert_eq!(OpusDecoder::new().unwrap().set_complexity(7), Ok(()));
}

#[test]
fn opus_leaves_silence_out_with_dtx() {
    let mut encoder = OpusEncoder::new().unwrap();
    encoder.set_dtx(true).unwrap();
    let mut payload = [0; MAX_PAYLOAD_BYTES];
    let silent = (0..100).filter(|_| encoder.encode(&[0.0; 960], &mut payload).unwrap() <= 2).count();
    assert!(silent > 60, "{silent}");
}

#[test]
fn comfort_noise_keeps_level_and_colour() {
    let mut source = comfort::ShapedNoise::new();
    let mut colour = [0.0; comfort::ORDER];
    colour[0] = -0.8;
    source.shape(0.01, &colour);
    let mut encoder = ComfortNoiseEncoder::new();
    for _ in 0..50 {
        let frame: Vec<f32> = (0..160).map(|_| source.next()).collect();
        encoder.listen(&frame);
    }
    let mut payload = [0; MAX_COMFORT_NOISE_BYTES];
    assert_eq!(encoder.encode(&mut payload), 11);
    let mut decoder = ComfortNoiseDecoder::new();
    decoder.update(payload[0], &payload[1..]);
    let mut out = vec![0.0; 8_000];
    decoder.generate(&mut out);
    let rms = crate::level::mean_square(&out[800..]).sqrt();
    assert!((0.006..0.016).contains(&rms), "{rms}");
    let mut correlation = [0.0; 2];
    crate::lpc::autocorrelation(&out[800..], &mut correlation);
    assert!((correlation[1] / correlation[0] - 0.8).abs() < 0.15);
}

#[test]
fn a_stray_comfort_noise_packet_does_not_shout() {
    let mut decoder = ComfortNoiseDecoder::new();
    decoder.update(0, &[254; 10]);
    let mut out = vec![0.0; 8_000];
    decoder.generate(&mut out);
    assert!(out.iter().all(|sample| sample.abs() < 1.0));
    assert!(crate::level::mean_square(&out).sqrt() < 0.5);
}
