#!/usr/bin/env bash
# Kamailio, PulseAudio, a key store (GNOME's), PostgreSQL and a set of spoken sentences, unpacked under the user's cache.
# Their Debian packages would enable services, so they are not installed: only unpacked, and started by the tests
# on ports and sockets of their own. Libraries that the system lacks are unpacked beside them.
source "$(dirname "$0")/common.sh"

packages=(kamailio kamailio-tls-modules kamailio-websocket-modules kamailio-outbound-modules
    pulseaudio pulseaudio-utils gnome-keyring libsecret-tools asterisk-core-sounds-en-g722)
# PostgreSQL's own programs are used where they are installed; its service is left alone either way.
if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then packages+=(postgresql); fi
sounds=usr/share/asterisk/sounds/en_US_f_Allison

has_postgresql() {
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 ||
        LD_LIBRARY_PATH="$(libraries)" "$PEERS/postgresql/postgres" --version >/dev/null 2>&1
}

# The folders with libraries among what was unpacked.
libraries() {
    find "$PEERS/usr/lib" "$PEERS/lib" -type d \( -name '*-linux-gnu' -o -path '*/pulseaudio' -o -path '*/kamailio' \
        -o -path '*/pulse-*/modules' \) 2>/dev/null | sort | paste -sd:
}

works() {
    has_postgresql &&
        "$PEERS/bin/kamailio" -v >/dev/null 2>&1 && "$PEERS/bin/pulseaudio" --version >/dev/null 2>&1 &&
        "$PEERS/bin/pacat" --version >/dev/null 2>&1 && "$PEERS/bin/gnome-keyring-daemon" --version >/dev/null 2>&1 &&
        [ -x "$PEERS/bin/secret-tool" ] && [ -f "$PEERS/$sounds/demo-abouttotry.g722" ] &&
        [ -f "$PEERS/kamailio-modules/tls.so" ] && [ -f "$PEERS/pulse-modules/module-null-sink.so" ]
}

# The system's status without the packages of ours: apt then names them, and every library that they need and lack.
needed() {
    local status="$1"
    awk -v ours=" ${packages[*]} " 'BEGIN { RS = ""; ORS = "\n\n" }
        { match($0, /^Package: [^\n]+/); name = substr($0, 10, RLENGTH - 9) }
        index(ours, " " name " ") == 0' "${BELLBIRD_DPKG_STATUS:-/var/lib/dpkg/status}" >"$status"
    apt-get -s -o Dir::State::status="$status" -o Debug::NoLocking=1 install --no-install-recommends "${packages[@]}" |
        awk '/^Inst / { print $2 }'
}

unpack() {
    local work="$1" archive
    (cd "$work" && needed "$work/status" | xargs apt-get download -q >download.log 2>&1) ||
        { tail -5 "$work/download.log" >&2; return 1; }
    for archive in "$work"/*.deb; do dpkg-deb -x "$archive" "$work/root"; done
}

wrap() {
    local program="$1"
    cat >"$PEERS/bin/$(basename "$program")" <<END
#!/bin/sh
export LD_LIBRARY_PATH="$(libraries)\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
exec "$program" "\$@"
END
    chmod +x "$PEERS/bin/$(basename "$program")"
}

if works; then exit 0; fi
if ! have apt-get; then
    missing "Kamailio, PulseAudio, GNOME's key store, PostgreSQL and speech to send (this set-up knows how to get them on Debian only)"
    exit 0
fi

say "unpacking Kamailio, PulseAudio, a key store, PostgreSQL where it is missing, and spoken sentences under $PEERS (nothing is installed or started)"
rm -rf "$PEERS" "$PEERS.new"
mkdir -p "$PEERS.new/root"
if ! unpack "$PEERS.new"; then
    ask "The package lists are missing or old. Refresh them with apt-get update?" || die "the packages could not be fetched"
    as_root apt-get update -qq
    unpack "$PEERS.new" || die "the packages could not be fetched: ${packages[*]}"
fi
mv "$PEERS.new/root" "$PEERS"
rm -rf "$PEERS.new"
mkdir -p "$PEERS/bin"
ln -sfn "$(find "$PEERS/usr/lib" -type d -path '*kamailio/modules' | head -1)" "$PEERS/kamailio-modules"
ln -sfn "$(find "$PEERS/usr/lib" -type d -path '*pulse-*/modules' | head -1)" "$PEERS/pulse-modules"
if ls "$PEERS"/usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
    ln -sfn "$(ls -d "$PEERS"/usr/lib/postgresql/*/bin | tail -1)" "$PEERS/postgresql"
    libraries >"$PEERS/postgresql-libraries"
fi
wrap "$PEERS/usr/sbin/kamailio"
for program in pulseaudio pacat parec pactl gnome-keyring-daemon secret-tool; do
    # parec is a name of pacat's.
    [ -e "$PEERS/usr/bin/$program" ] && wrap "$PEERS/usr/bin/$program"
done
works || die "what was unpacked under $PEERS does not run; $PEERS/bin/kamailio -v says why"
