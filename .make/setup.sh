#!/usr/bin/env bash
# Brings a fresh Debian 12 (with Rust, Node and a C compiler) to where `make run` or `make test` works.
# Usage: setup.sh run|test. Quick when nothing is missing. It starts, enables and reconfigures no service.
source "$(dirname "$0")/common.sh"

purpose="${1:-run}"
: >"$STAMPS/missing"

check_toolchains() {
    local wanted have_version
    wanted="$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$ROOT/Cargo.toml")"
    have cargo || die "Rust is not installed: see https://rustup.rs (this needs $wanted or newer)"
    have_version="$(rustc --version | awk '{print $2}')"
    [ "$(printf '%s\n%s\n' "$wanted" "$have_version" | sort -V | head -1)" = "$wanted" ] ||
        die "Rust $have_version is too old: this needs $wanted (rustup update)"
    have node || die "Node.js is not installed: version 20.19 or newer is needed"
    node -e 'const [a,b]=process.versions.node.split(".").map(Number); process.exit(a>20||(a===20&&b>=19)?0:1)' ||
        die "Node.js $(node --version) is too old: version 20.19 or newer is needed"
    have npm || die "npm is not installed (it comes with Node.js)"
    have cc || die "a C compiler is not installed: apt-get install build-essential"
}

check_toolchains
"$ROOT/.make/packages.sh" "$purpose"
if [ "$purpose" = test ]; then
    "$ROOT/.make/peers.sh"
    "$ROOT/.make/python.sh"
    "$ROOT/.make/tools.sh"
    "$ROOT/.make/wasm.sh" >"$STAMPS/wasm-compiler"
fi
if [ -s "$STAMPS/missing" ]; then
    say "set up, but without:"
    sed 's/^/      /' "$STAMPS/missing" >&2
fi
