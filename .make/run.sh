#!/usr/bin/env bash
# Bellbird on this computer alone: a second, headless Bellbird answers and talks back. With a display the window opens
# and can call it; without one a headless call shows its state. Ctrl-C ends both. No server, no registrar, loopback only.
source "$(dirname "$0")/common.sh"
cd "$ROOT"

"$ROOT/.make/setup.sh" run

display=""
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && [ "${1:-}" != --no-window ]; then display=1; fi

say "building"
if [ -n "$display" ]; then
    [ -d ui/node_modules ] || (cd ui && npm ci --no-audit --no-fund --loglevel=error)
    (cd ui && npm run --silent build)
    cargo build --quiet --locked -p bellbird-cli -p bellbird-desktop --features tauri/custom-protocol
else
    cargo build --quiet --locked -p bellbird-cli
fi
programs="$TARGET_DIR/debug"

folder="$(mktemp -d)"
answering=""
end() {
    if [ -n "$answering" ]; then kill "$answering" 2>/dev/null || true; fi
    rm -rf "$folder"
}
trap end EXIT
trap 'exit 130' INT TERM

account() {
    printf '[account]\naddress = "sip:%s@127.0.0.1"\nname = "%s"\nregister = false\nlocal = "127.0.0.1"\n' "$1" "$2"
}
account bell "The other Bellbird" >"$folder/bell.toml"
account you "You" >"$folder/you.toml"
node .make/greeting.mjs "$folder/greeting.wav"

"$programs/bellbird" --json answer --account "$folder/bell.toml" --play "$folder/greeting.wav" --play-loop \
    --calls 1000 >"$folder/answering.jsonl" 2>"$folder/answering.log" &
answering=$!

# Its first line says where it listens.
address=""
for _ in $(seq 100); do
    address="$(sed -n 's/.*"event":"ready".*"udp:\([0-9.:]*\)".*/\1/p' "$folder/answering.jsonl" | head -1)"
    [ -z "$address" ] || break
    kill -0 "$answering" 2>/dev/null || { cat "$folder/answering.log" >&2; die "the answering Bellbird did not start"; }
    sleep 0.1
done
[ -n "$address" ] || die "the answering Bellbird does not say where it listens"

target="sip:bell@$address"
if [ -n "$display" ]; then
    say "the window opens; call $target, which answers with a song of bells"
    "$programs/bellbird-desktop" --account "$folder/you.toml" --dial "$target"
else
    say "no display: a headless call to $target; keys: h hold, m mute, 0-9 digits, q hang up"
    "$programs/bellbird" call "$target" --account "$folder/you.toml" --play "$folder/greeting.wav" --play-loop \
        --record "$folder/heard.wav" --levels
fi
