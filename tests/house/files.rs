//! What files may and may not say.

use std::path::{Path, PathBuf};
use std::process::Command;

use bellbird_tests::root_folder;

/// Crates whose `clippy.toml` keeps clocks and sockets out.
const SANS_IO: &[&str] = &["base", "sip", "media", "voice", "contract", "phone"];

#[test]
fn lock_files_name_no_registry_of_this_machine() {
    let public = "registry+https://github.com/rust-lang/crates.io-index";
    for file in tracked().iter().filter(|file| file.ends_with("Cargo.lock")) {
        for line in read(file).lines().filter(|line| line.starts_with("source = ")) {
            assert_eq!(line, format!("source = \"{public}\""), "{}", file.display());
        }
    }
    for file in tracked().iter().filter(|file| file.ends_with("package-lock.json")) {
        let text = read(file);
        assert!(!text.contains("\"resolved\""), "{}: see omit-lockfile-registry-resolved in .npmrc", file.display());
    }
}

#[test]
fn no_file_names_a_place_on_this_machine() {
    let home = std::env::var("HOME").unwrap_or_default();
    let places: Vec<String> = [root_folder().to_string_lossy().into_owned(), home]
        .into_iter()
        .filter(|place| place.len() > 1)
        // A tree that lies right below the root (`/src`) would be found everywhere.
        .filter(|place| place.matches('/').count() > 1 || place == "/root")
        .map(|place| place + "/")
        .collect();
    for file in tracked().iter().filter(|file| !file.starts_with("fuzz/corpus")) {
        let text = read(file);
        for place in &places {
            assert!(!text.contains(place.as_str()), "{} mentions {place}", file.display());
        }
    }
}

#[test]
fn nothing_is_left_to_be_done_later() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX:")];
    let code = |file: &&PathBuf| {
        let kind = file.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
        matches!(kind, "rs" | "ts" | "svelte" | "sh" | "toml" | "md")
    };
    for file in tracked().iter().filter(code) {
        let text = read(file);
        for mark in marks {
            assert!(!text.contains(mark), "{} has a {mark}", file.display());
        }
    }
}

#[test]
fn every_library_has_a_front_page_and_documents_what_is_public() {
    for file in tracked().iter().filter(|file| file.starts_with("crates") && file.ends_with("src/lib.rs")) {
        let text = read(file);
        assert!(text.starts_with("//!"), "{} does not say what it is", file.display());
        assert!(text.contains("#![warn(missing_docs)]"), "{} may hide undocumented items", file.display());
    }
}

#[test]
fn sans_io_crates_refuse_clocks_and_keep_the_root_settings() {
    let shared = read(Path::new("clippy.toml"));
    for name in SANS_IO {
        let file = PathBuf::from(format!("crates/{name}/clippy.toml"));
        let text = read(&file);
        for line in shared.lines().filter(|line| !line.is_empty()) {
            assert!(text.contains(line), "{} lacks {line}", file.display());
        }
        for forbidden in ["std::time::Instant::now", "std::time::SystemTime::now", "std::net::UdpSocket"] {
            assert!(text.contains(forbidden), "{} does not forbid {forbidden}", file.display());
        }
    }
}

#[test]
fn one_file_of_the_user_interface_knows_the_shell() {
    let importing: Vec<_> = tracked()
        .into_iter()
        .filter(|file| file.starts_with("ui/src"))
        .filter(|file| {
            let imports =
                |line: &str| line.contains("@tauri-apps/") && (line.contains("import") || line.contains("from"));
            read(file).lines().any(imports)
        })
        .collect();
    assert!(importing.len() <= 1, "several files import @tauri-apps: {importing:?}");
}

#[test]
fn documents_say_what_is_not_supported() {
    for name in ["SIP", "MEDIA"] {
        let text = read(Path::new(&format!("docs/{name}.md"))).to_lowercase();
        assert!(text.contains("not supported"), "docs/{name}.md does not say what is not supported");
    }
}

/// Files that are, or would be, committed; relative to the root.
fn tracked() -> Vec<PathBuf> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root_folder())
        .output()
        .expect("git runs");
    assert!(output.status.success(), "this needs the tree under git");
    let names = String::from_utf8_lossy(&output.stdout).into_owned();
    names.lines().map(PathBuf::from).filter(|file| root_folder().join(file).is_file()).collect()
}

fn read(file: &Path) -> String {
    let bytes = std::fs::read(root_folder().join(file)).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    String::from_utf8_lossy(&bytes).into_owned()
}
