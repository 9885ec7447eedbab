#!/usr/bin/env bash
# An office on this computer alone: a server with demo people, a colleague who answers at 602, and you, who are Joost: an
# administrator switched his incoming calls off, which he sees. With a display the window opens, logged in; without one a
# headless call shows its state. Ctrl-C ends it all. Loopback only; what is kept is in a folder that is gone afterwards.
source "$(dirname "$0")/common.sh"
cd "$ROOT"

"$ROOT/.make/setup.sh" run

display=""
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && [ "${1:-}" != --no-window ]; then display=1; fi

say "building"
[ -d ui/node_modules ] || (cd ui && npm ci --no-audit --no-fund --loglevel=error)
(cd ui && npm run --silent build)
packages=(-p bellbird-cli -p bellbird-server)
if [ -n "$display" ]; then packages+=(-p bellbird-desktop --features tauri/custom-protocol); fi
cargo build --quiet --locked "${packages[@]}"
programs="$TARGET_DIR/debug"

folder="$(mktemp -d)"
running=()
end() {
    for process in "${running[@]}"; do kill "$process" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$folder"
}
trap end EXIT
trap 'exit 130' INT TERM

# Waits until FILE has a line with WORDS, while the process that writes it lives.
wait_for() {
    local file="$1" words="$2" process="$3" log="$4"
    for _ in $(seq 300); do
        if grep -q -- "$words" "$file" 2>/dev/null; then return 0; fi
        kill -0 "$process" 2>/dev/null || break
        sleep 0.1
    done
    cat "$log" >&2
    die "it did not start: no '$words' in $file"
}

# The port that was asked for, or any other that nobody uses.
free_port() {
    node -e 'const { createServer } = require("node:net");
        const listen = (port) => { const it = createServer(); it.once("error", () => listen(0));
            it.listen(port, "127.0.0.1", () => { console.log(it.address().port); it.close(); }); };
        listen(Number(process.argv[1]));' "$1"
}
http="127.0.0.1:$(free_port 8080)"
sip="127.0.0.1:$(free_port 5060)"
"$programs/bellbird-server" --demo --data "$folder/server" --http "$http" --sip "udp://$sip,tcp://$sip" \
    --portal "$ROOT/ui/dist" >"$folder/server.out" 2>"$folder/server.log" &
running+=($!)
wait_for "$folder/server.out" "listens on http" "$!" "$folder/server.log"
server="http://$http"
export BELLBIRD_SECRET=bellbird-demo

node .make/greeting.mjs "$folder/greeting.wav"
"$programs/bellbird" --data "$folder/anna" login "$server" --login anna >/dev/null
"$programs/bellbird" --data "$folder/anna" --json answer --server --play "$folder/greeting.wav" --play-loop \
    --calls 1000 >"$folder/anna.jsonl" 2>"$folder/anna.log" &
running+=($!)
wait_for "$folder/anna.jsonl" '"event":"registered"' "$!" "$folder/anna.log"

say "the server runs at $server"
[ ! -f ui/dist/portal.html ] || say "administrators: open $server and log in as marieke"
say "everybody's password is $BELLBIRD_SECRET; who there is:"
grep '^  ' "$folder/server.out" >&2

if [ -n "$display" ]; then
    say "the window opens, logged in as joost; call 602: Anna answers with a song of bells"
    "$programs/bellbird-desktop" --config-dir "$folder/joost" --log-in "joost@$server"
else
    say "no display: joost calls 602; keys: h hold, m mute, 0-9 digits, q hang up"
    "$programs/bellbird" --data "$folder/joost" login "$server" --login joost >/dev/null
    "$programs/bellbird" --data "$folder/joost" call 602 --server --play "$folder/greeting.wav" --play-loop \
        --record "$folder/heard.wav" --levels
fi
