# Sourced by the other scripts: where things are kept, and how to speak.
set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
BELLBIRD_CACHE="${BELLBIRD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/bellbird}"
TOOLS="$BELLBIRD_CACHE/tools"
PEERS="$BELLBIRD_CACHE/peers"
VENV="$BELLBIRD_CACHE/python"
STAMPS="$BELLBIRD_CACHE/stamps"
export BELLBIRD_CACHE ROOT
mkdir -p "$STAMPS"

# CI starts from a clean tree each time: what was built is kept beside it.
if [ "${CI:-}" = "true" ] && [ -z "${CARGO_TARGET_DIR:-}" ]; then
    export CARGO_TARGET_DIR="$BELLBIRD_CACHE/target"
fi
# A clone at another path would only add to what is kept for working on one file after the other.
if [ "${CI:-}" = "true" ]; then export CARGO_INCREMENTAL=0; fi
TARGET_DIR="${CARGO_TARGET_DIR:-$ROOT/target}"

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() {
    printf '\033[1mset-up stopped:\033[0m %s\n' "$*" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# Something that cannot be had here: fatal, unless the person said that they can do without it.
missing() {
    if [ "${BELLBIRD_ALLOW_MISSING:-}" = "1" ]; then
        say "missing, and allowed to be: $*"
        printf '%s\n' "$*" >>"$STAMPS/missing"
    else
        die "$* (to go on without it: BELLBIRD_ALLOW_MISSING=1)"
    fi
}

# Yes without asking for root in a container and for CI; a person at a terminal is asked; nobody there means no.
ask() {
    if [ "$(id -u)" = 0 ] || [ "${CI:-}" = "true" ] || [ "${BELLBIRD_YES:-}" = "1" ]; then return 0; fi
    if [ ! -t 0 ]; then return 1; fi
    local answer
    read -r -p "$1 [y/N] " answer
    [[ "$answer" =~ ^[Yy] ]]
}

# As root directly, else by sudo (which asks for the password itself).
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo; then
        if [ -t 0 ]; then sudo "$@"; else sudo -n "$@"; fi
    else
        die "this needs root, and there is no sudo: $*"
    fi
}
