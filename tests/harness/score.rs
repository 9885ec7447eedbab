//! How well speech arrived: PESQ (ITU-T P.862), after alignment.

use std::path::Path;

use crate::environment::{cache_folder, root_folder};
use crate::process::run;
use crate::speech::Speech;

/// The band in which speech is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    /// 8 kHz (P.862.1): G.711.
    Narrow,
    /// 16 kHz (P.862.2): Opus, G.722.
    Wide,
}

/// The PESQ score of `recording` against what was said, 1 to 4.6. The recording may begin earlier or later.
pub async fn pesq(said: &Speech, recording: &Path, band: Band) -> f64 {
    assert!(recording.exists(), "there is no recording {}", recording.display());
    let (rate, mode) = match band {
        Band::Narrow => ("8000", "nb"),
        Band::Wide => ("16000", "wb"),
    };
    let folder = tempfile::tempdir().expect("a folder for scoring");
    let reference = folder.path().join("said.wav");
    let degraded = folder.path().join("heard.wav");
    for (from, to) in [(said.path.as_path(), &reference), (recording, &degraded)] {
        let (from, to) = (from.to_string_lossy(), to.to_string_lossy());
        run("sox", &["--ignore-length", &*from, "-r", rate, "-b", "16", "-c", "1", "-D", &*to]).await;
    }
    let script = root_folder().join("tests/score/score.py");
    let python = cache_folder().join("python/bin/python");
    let arguments = [script.as_os_str(), mode.as_ref(), reference.as_os_str(), degraded.as_os_str()];
    let printed = run(python, &arguments).await;
    let score = printed.trim().parse().unwrap_or_else(|_| panic!("the scorer said {printed:?}"));
    eprintln!("PESQ {mode} {score:.2} {}", recording.display());
    score
}
