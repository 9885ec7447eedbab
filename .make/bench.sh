#!/usr/bin/env bash
# All benchmarks. Results land in target/criterion; instruction counts are printed where valgrind is.
source "$(dirname "$0")/common.sh"
cd "$ROOT"
cargo bench --locked --workspace --exclude bellbird-desktop --exclude bellbird-tests "$@"
