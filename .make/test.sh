#!/usr/bin/env bash
# All that CI runs, the quick things first.
source "$(dirname "$0")/steps.sh"
cd "$ROOT"

step "set-up" "$ROOT/.make/setup.sh" test
export BELLBIRD_BIN_DIR="$TARGET_DIR/debug"

step "formatting" formatting
step "packages of the user interface" browser_packages
step "user interface" user_interface
step "user interface: tests" user_interface_tests
step "user interface: a walk in Chromium" user_interface_walk
step "licences and known vulnerabilities" licences
step "lints" lints
step "WebAssembly" webassembly
step "programs" programs
step "the portal on a real server: a walk in Chromium" portal_walk
step "tests, simulations, fuzz corpus, calls with real peers, the window" \
    cargo test --locked --no-fail-fast --workspace "${features[@]}"
step "types for the user interface" contract_is_committed
say "all good"
