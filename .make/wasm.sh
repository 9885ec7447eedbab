#!/usr/bin/env bash
# WebAssembly: prints nothing where the compiler at hand has the target; otherwise it gets it.
# Where the target cannot be had, it says so.
source "$(dirname "$0")/common.sh"

target=wasm32-unknown-unknown
has_target() { [ -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ]; }

if has_target; then exit 0; fi
if have rustup; then
    say "adding the target $target to Rust"
    rustup target add "$target" >&2 && exit 0
fi
missing "the Rust target $target (rustup target add $target)"
