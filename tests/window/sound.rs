//! The sound server of these tests, by itself.

use std::time::Duration;

use bellbird_tests::score::{Band, pesq};
use bellbird_tests::{PulseAudio, Speech, Stage, Voice};

#[tokio::test]
async fn null_sinks_carry_speech_unharmed() {
    let stage = Stage::new().await;
    let speech = Speech::of(Voice::Near).await;
    let pulse = PulseAudio::start(&stage).await;
    let heard = stage.folder().join("heard.wav");
    let listening = pulse.listen_at(&stage, "microphone", &heard);
    let mut speaking = pulse.speak(&stage, &speech);
    assert_eq!(speaking.exit_code(Duration::from_secs(20)).await, 0);
    drop(listening);
    let score = pesq(&speech, &heard, Band::Wide).await;
    assert!(score > 4.4, "PESQ {score:.2}");
}

#[tokio::test]
async fn devices_come_and_go() {
    let stage = Stage::new().await;
    let pulse = PulseAudio::start(&stage).await;
    let sinks = async || pulse.control(&["list", "short", "sinks"]).await;
    pulse.plug("headset").await;
    assert!(sinks().await.contains("headset"));
    pulse.unplug("headset").await;
    assert!(!sinks().await.contains("headset"));
}
