#!/usr/bin/env bash
# The quick part of `make test`, for while one works: no peers, no browser.
source "$(dirname "$0")/steps.sh"
cd "$ROOT"

step "set-up" "$ROOT/.make/setup.sh" run
step "formatting" formatting
[ -d ui/node_modules ] || step "packages of the user interface" browser_packages
step "user interface" user_interface
step "lints" lints
step "unit tests" cargo test --quiet --locked --workspace --exclude bellbird-tests "${features[@]}"
step "rules of the house" cargo test --quiet --locked -p bellbird-tests --lib --test house
say "good so far; \`make test\` also calls real peers"
