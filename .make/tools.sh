#!/usr/bin/env bash
# Cargo tools that the tests call, built once and kept in the cache. Licences and advisories: cargo-deny; the window: tauri-driver.
source "$(dirname "$0")/common.sh"

# name and the versions that are good
build() {
    local tool="$1" version="$2"
    if "$TOOLS/bin/$tool" --version >/dev/null 2>&1 || "$TOOLS/bin/$tool" --help >/dev/null 2>&1; then return 0; fi
    say "building $tool $version (once; it is kept in $TOOLS)"
    CARGO_TARGET_DIR="$BELLBIRD_CACHE/tools-target" cargo install --quiet --locked --root "$TOOLS" --version "$version" "$tool" ||
        missing "$tool (cargo install failed)"
    rm -rf "$BELLBIRD_CACHE/tools-target"
}

build tauri-driver '^2'
build cargo-deny '^0.20'
