# Sourced by check.sh and test.sh: the steps of testing, each with its name and its time.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# The window holds the user interface only with this; the same everywhere, so that nothing is built twice.
features=(--features tauri/custom-protocol)
# The crates that the browser will run too.
wasm_crates=(-p bellbird-base -p bellbird-sip -p bellbird-contract -p bellbird-phone)

step() {
    local name="$1" start=$SECONDS
    shift
    say "$name"
    "$@" || { printf '\033[1mfailed:\033[0m %s\n' "$name" >&2; exit 1; }
    printf '    %s: %d s\n' "$name" $((SECONDS - start)) >&2
}

formatting() { cargo fmt --all --check; }

lints() { cargo clippy --quiet --locked --workspace --all-targets "${features[@]}" -- -D warnings; }

# Licences, sources and bans come from the lock file; advisories need their database from the network.
licences() {
    if ! [ -x "$TOOLS/bin/cargo-deny" ]; then missing "cargo-deny"; return 0; fi
    "$TOOLS/bin/cargo-deny" --locked check bans licenses sources
    if ! "$TOOLS/bin/cargo-deny" --locked fetch db >"$BELLBIRD_CACHE/advisories.log" 2>&1; then
        say "the list of known vulnerabilities can't be fetched from here: NOT checked this time"
        return 0
    fi
    "$TOOLS/bin/cargo-deny" --locked check advisories
}

browser_packages() { (cd "$ROOT/ui" && npm ci --no-audit --no-fund --loglevel=error); }

user_interface() { (cd "$ROOT/ui" && npm run --silent check && npm run --silent build); }

user_interface_tests() { (cd "$ROOT/ui" && npm test --silent); }

# Clicks through the built pages in Chromium and looks for what a screen reader would stumble over.
user_interface_walk() { (cd "$ROOT/ui" && npm run --silent test:e2e); }

# The portal as a real server serves it, with phones that register: by Chromium, two administrators at once.
portal_walk() { (cd "$ROOT/ui" && npm run --silent test:server); }

webassembly() {
    CARGO_TARGET_DIR="$TARGET_DIR/wasm" cargo build --quiet --locked --target wasm32-unknown-unknown "${wasm_crates[@]}"
}

programs() { cargo build --quiet --locked --workspace --bins "${features[@]}"; }

# What the bindings write must be what is committed.
contract_is_committed() {
    git -C "$ROOT" diff --exit-code --stat -- ui/src/contract ||
        { say "the TypeScript types differ from the Rust ones: commit what the tests wrote"; return 1; }
}
