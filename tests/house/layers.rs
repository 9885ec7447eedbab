//! The direction of dependencies between the crates, over `cargo metadata`.
//!
//! ```text
//! base ← sip, media, voice, device, contract ← phone, exchange ← net ← engine, web, server ← desktop, cli
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::LazyLock;

use bellbird_tests::root_folder;
use serde_json::Value;

/// Each crate and those directly below it; it may also use all that they may use.
const EDGES: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("sip", &["base"]),
    ("media", &["base"]),
    ("voice", &["base"]),
    ("device", &["base"]),
    ("contract", &["base"]),
    ("phone", &["sip", "contract"]),
    ("exchange", &["sip", "contract"]),
    ("net", &["base", "sip"]),
    ("engine", &["phone", "media", "voice", "device", "net"]),
    ("web", &["phone"]),
    ("server", &["exchange", "media", "voice", "contract", "net"]),
    ("desktop", &["engine"]),
    ("cli", &["engine"]),
    ("testkit", &["base"]),
    ("tests", &["testkit"]),
];

/// No clock, socket or task of their own: neither these nor what they stand on may bring one.
const SANS_IO: &[&str] = &["base", "sip", "media", "voice", "contract", "phone", "exchange"];

/// What a sans-IO crate must not reach.
const IO: &[&str] = &["tokio", "mio", "socket2", "async-std", "smol", "reqwest", "hyper"];

/// Libraries that only one of our crates may name.
const ONE_HOME: &[(&str, &str)] = &[("cpal", "device"), ("tauri", "desktop"), ("axum", "server")];

static METADATA: LazyLock<Value> = LazyLock::new(|| {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root_folder())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo prints JSON")
});

#[test]
fn every_crate_has_its_place_in_the_layers() {
    for name in our_packages().keys() {
        assert!(EDGES.iter().any(|(known, _)| known == name), "{name} is in no layer");
    }
}

#[test]
fn dependencies_point_downwards() {
    for (name, package) in our_packages() {
        let allowed = below(&name);
        for (dependency, kind) in direct(package) {
            let Some(dependency) = ours(&dependency) else { continue };
            let testing = kind == "dev" && (dependency == "testkit" || dependency == name);
            assert!(testing || allowed.contains(dependency), "{name} may not depend on {dependency}");
        }
    }
}

#[test]
fn sans_io_crates_reach_no_runtime_and_no_socket() {
    let packages = our_packages();
    for name in SANS_IO.iter().filter(|name| packages.contains_key(**name)) {
        let reached = reached_from(id_of(packages[*name]));
        for library in IO {
            assert!(!reached.contains(*library), "{name} reaches {library}");
        }
    }
}

#[test]
fn some_libraries_have_one_home() {
    for (name, package) in our_packages() {
        for (dependency, _) in direct(package) {
            for (library, home) in ONE_HOME.iter().filter(|(library, _)| *library == dependency) {
                assert_eq!(&name, home, "only {home} may depend on {library}");
            }
        }
    }
}

/// Short name (`sip`) → package.
fn our_packages() -> BTreeMap<String, &'static Value> {
    let members: BTreeSet<&str> = list(&METADATA["workspace_members"]).iter().filter_map(Value::as_str).collect();
    list(&METADATA["packages"])
        .iter()
        .filter(|package| members.contains(id_of(package)))
        .map(|package| {
            let name = text(&package["name"]);
            (ours(name).unwrap_or(name).to_owned(), package)
        })
        .collect()
}

/// `bellbird-sip` → `sip`. The command-line phone is called as its command is.
fn ours(name: &str) -> Option<&str> {
    if name == "bellbird" { Some("cli") } else { name.strip_prefix("bellbird-") }
}

fn below(name: &str) -> BTreeSet<&'static str> {
    let edges: &[&'static str] = EDGES.iter().find(|(known, _)| *known == name).map_or(&[], |(_, edges)| *edges);
    let mut reached: BTreeSet<&'static str> = edges.iter().copied().collect();
    for edge in edges {
        reached.extend(below(edge));
    }
    reached
}

/// Dependencies as they stand in the manifest, with `normal`, `build` or `dev`.
fn direct(package: &Value) -> Vec<(String, &str)> {
    let kind = |dependency: &'static Value| dependency["kind"].as_str().unwrap_or("normal");
    let package: &'static Value =
        list(&METADATA["packages"]).iter().find(|other| other["id"] == package["id"]).expect("it is listed");
    list(&package["dependencies"])
        .iter()
        .map(|dependency| (text(&dependency["name"]).to_owned(), kind(dependency)))
        .collect()
}

/// Names of all packages that end up in the program through ordinary dependencies.
fn reached_from(id: &str) -> BTreeSet<&'static str> {
    let nodes: BTreeMap<&str, &Value> =
        list(&METADATA["resolve"]["nodes"]).iter().map(|node| (id_of(node), node)).collect();
    let names: BTreeMap<&str, &str> =
        list(&METADATA["packages"]).iter().map(|package| (id_of(package), text(&package["name"]))).collect();
    let mut reached = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut next = vec![id.to_owned()];
    while let Some(id) = next.pop() {
        for dependency in list(&nodes[id.as_str()]["deps"]) {
            let package = text(&dependency["pkg"]);
            if runs(dependency) && seen.insert(package) {
                reached.insert(names[package]);
                next.push(package.to_owned());
            }
        }
    }
    reached
}

/// Whether the dependency is part of the program on Linux, Windows, macOS or in the browser, not only of its build.
fn runs(dependency: &Value) -> bool {
    list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null())
}

fn id_of(value: &Value) -> &str {
    text(&value["id"])
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
