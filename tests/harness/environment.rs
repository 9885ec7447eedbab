//! Where programs and peers are found.

use std::path::{Path, PathBuf};

/// The root of the source tree.
pub fn root_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests crate lies in the source tree")
}

/// Where set-up keeps peers and tools: `BELLBIRD_CACHE`, else below the user's cache.
pub fn cache_folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("BELLBIRD_CACHE") {
        return folder.into();
    }
    let caches = std::env::var_os("XDG_CACHE_HOME")
        .map_or_else(|| PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache"), PathBuf::from);
    caches.join("bellbird")
}

/// A program that set-up unpacked or built, or else what the system has under that name.
pub(crate) fn peer_program(name: &str) -> PathBuf {
    [cache_folder().join("peers/bin").join(name), cache_folder().join("tools/bin").join(name)]
        .into_iter()
        .find(|path| path.exists())
        .unwrap_or_else(|| name.into())
}

/// The headless phone.
pub fn bellbird_program() -> PathBuf {
    built("bellbird")
}

/// The phone with a window.
pub fn desktop_program() -> PathBuf {
    built("bellbird-desktop")
}

/// The server.
pub fn server_program() -> PathBuf {
    built("bellbird-server")
}

/// Test crates have no `CARGO_BIN_EXE_*` of other packages: what builds the programs says where they are.
fn built(name: &str) -> PathBuf {
    let folder = std::env::var_os("BELLBIRD_BIN_DIR").map_or_else(beside_the_test, PathBuf::from);
    let program = folder.join(name);
    assert!(program.exists(), "{} is not built: `make test` does, or set BELLBIRD_BIN_DIR", program.display());
    program
}

/// `target/debug/deps/calls-…` → `target/debug`.
fn beside_the_test() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    test.parent().and_then(Path::parent).expect("tests are built into target/<profile>/deps").to_owned()
}

/// What this machine can't do fails its test, unless `BELLBIRD_ALLOW_MISSING=1` says to do without; then it is named.
pub fn can_do_without(what: &str) -> bool {
    let allowed = std::env::var("BELLBIRD_ALLOW_MISSING").is_ok_and(|value| value == "1");
    assert!(allowed, "{what} is not possible on this machine (to do without: BELLBIRD_ALLOW_MISSING=1)");
    eprintln!("NOT RUN: {what} is not possible on this machine");
    allowed
}
