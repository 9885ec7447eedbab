//! What is said: eight seconds of natural speech, in two pieces so that a mixed-up direction shows.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use audio_codec::g722::G722Decoder;
use tempfile::NamedTempFile;

use crate::environment::cache_folder;
use crate::process::run;
use crate::wav::Wav;

const RECORDINGS: &str = "peers/usr/share/asterisk/sounds/en_US_f_Allison";
/// G.722's rate.
const RATE: u32 = 16_000;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// Said by the phone under test.
    Near,
    /// Said by its peer.
    Far,
}

/// Speech as a file: 48 kHz, mono, 16 bits, a third of a second of silence around eight seconds of words.
#[derive(Clone, Debug)]
pub struct Speech {
    /// The file.
    pub path: PathBuf,
}

impl Speech {
    /// The speech of one voice; made once and kept in the cache.
    pub async fn of(voice: Voice) -> Self {
        let (recording, name) = match voice {
            Voice::Near => ("demo-abouttotry", "near"),
            Voice::Far => ("demo-moreinfo", "far"),
        };
        let folder = cache_folder().join("speech");
        let path = folder.join(format!("{name}.wav"));
        if !path.exists() {
            make(&cache_folder().join(RECORDINGS).join(format!("{recording}.g722")), &folder, &path).await;
        }
        Self { path }
    }

    /// The same speech after this much more silence, for listeners that need a while to settle.
    pub async fn after(&self, silence: Duration, path: &Path) -> Self {
        let silence = silence.as_secs_f64().to_string();
        run("sox", &[self.path.as_os_str(), path.as_os_str(), "pad".as_ref(), silence.as_ref()]).await;
        Self { path: path.to_owned() }
    }

    /// The same speech as raw A-law, which sipp can say.
    pub async fn as_alaw(&self, path: &Path) -> PathBuf {
        let format: Vec<&OsStr> = ["-r", "8000", "-c", "1", "-t", "al"].into_iter().map(OsStr::new).collect();
        run("sox", &[&[self.path.as_os_str()], format.as_slice(), &[path.as_os_str()]].concat()).await;
        path.to_owned()
    }

    /// The same speech several times over, for calls that last.
    pub async fn repeated(&self, times: u32, path: &Path) -> Self {
        let repeats = (times - 1).to_string();
        run("sox", &[self.path.as_os_str(), path.as_os_str(), "repeat".as_ref(), repeats.as_ref()]).await;
        Self { path: path.to_owned() }
    }
}

async fn make(recording: &Path, folder: &Path, path: &Path) {
    let bytes = std::fs::read(recording)
        .unwrap_or_else(|error| panic!("{}: {error} (.make/peers.sh unpacks it)", recording.display()));
    std::fs::create_dir_all(folder).expect("the cache can be written");
    let decoded = NamedTempFile::with_suffix_in(".wav", folder).expect("the cache can be written");
    let finished = NamedTempFile::with_suffix_in(".wav", folder).expect("the cache can be written");
    Wav { rate: RATE, samples: G722Decoder::new().decode_frame(&bytes) }.write(decoded.path());
    let (from, to) = (decoded.path().to_string_lossy(), finished.path().to_string_lossy());
    let effects = "silence 1 0.02 1% trim 0 8 norm -3 pad 0.33 0.33";
    let arguments: Vec<&str> =
        [&*from, "-r", "48000", "-b", "16", "-c", "1", "-D", &*to].into_iter().chain(effects.split(' ')).collect();
    run("sox", &arguments).await;
    finished.persist(path).expect("the cache can be written");
}
