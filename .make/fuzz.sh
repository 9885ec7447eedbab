#!/usr/bin/env bash
# Fuzzes every target for a while. SECONDS_EACH=600 for longer.
source "$(dirname "$0")/common.sh"
cd "$ROOT/fuzz"
cargo fuzz --version >/dev/null 2>&1 || die "cargo-fuzz is not installed: cargo install cargo-fuzz --locked"
rustup run nightly rustc --version >/dev/null 2>&1 || die "fuzzing needs a nightly Rust: rustup toolchain install nightly"
for target in $(cargo +nightly fuzz list); do
    say "fuzzing $target"
    cargo +nightly fuzz run "$target" -- -max_total_time="${SECONDS_EACH:-60}" -timeout=5
done
