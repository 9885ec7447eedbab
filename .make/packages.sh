#!/usr/bin/env bash
# Debian packages that hold libraries and programs, but no service of their own.
# Usage: packages.sh run|test
source "$(dirname "$0")/common.sh"

# package: why. What `make run` needs to build and open the window.
run_packages="
pkg-config: finds the libraries below
cmake: builds libopus
libasound2-dev: sound (ALSA)
libwebkit2gtk-4.1-dev: the window
libasound2-plugins: sound through PulseAudio or PipeWire
libayatana-appindicator3-1: the icon in the tray
"
# What `make test` needs besides.
test_packages="
baresip-core: a SIP phone to call
baresip-ffmpeg: its Opus and sound files
linphone-cli: a SIP phone to call
sip-tester: sipp, scripted SIP peers
sox: cuts and converts speech
python3-venv: speech is scored in a Python environment of our own
python3-dev: builds the scorer
iproute2: network namespaces, to change an interface in mid-call
iptables: address translation (NAT) in such a namespace
xvfb: a screen without a screen
dbus-daemon: a session bus for the window under test
webkit2gtk-driver: drives the window
imagemagick: pictures of the window
chromium: walks through the user interface
chromium-driver: drives the portal beside the window
valgrind: counts instructions
pebble: an authority that gives certificates by ACME
"

wanted() {
    printf '%s' "$run_packages"
    if [ "$1" = test ]; then printf '%s' "$test_packages"; fi
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Elsewhere than on Debian: look for what the packages would bring, and name what is not there.
check_without_apt() {
    local tool
    have pkg-config || missing "pkg-config"
    have cmake || missing "cmake"
    if have pkg-config; then
        for library in alsa webkit2gtk-4.1; do
            pkg-config --exists "$library" || missing "the library $library with its headers"
        done
    fi
    [ "$1" = test ] || return 0
    for tool in baresip linphonec sipp sox ip iptables Xvfb dbus-daemon WebKitWebDriver chromium chromedriver valgrind pebble; do
        have "$tool" || missing "$tool (for the tests)"
    done
}

# A package that brings a service is only taken where nothing can start it, or where a person said yes to it by name.
refuse_services() {
    local archives="$1" archive bringing=""
    [ -d /run/systemd/system ] || return 0
    for archive in "$archives"/*.deb; do
        [ -e "$archive" ] || continue
        if dpkg-deb -c "$archive" | grep -qE ' \./(usr/)?lib/systemd/(system|user)/[^/]+\.(service|socket)$'; then
            bringing="$bringing $(dpkg-deb -f "$archive" Package)"
        fi
    done
    [ -n "$bringing" ] || return 0
    say "these bring services with them:$bringing"
    if [ ! -t 0 ]; then die "packages with services are not installed unattended:$bringing"; fi
    local answer
    read -r -p "Install them all the same? [y/N] " answer
    [[ "$answer" =~ ^[Yy] ]] || die "nothing was installed"
}

install() {
    local options=(-y --no-install-recommends -o DPkg::Lock::Timeout=400) archives="$BELLBIRD_CACHE/archives"
    ask "Install them with apt-get?" || die "these packages are needed: $* (run this in a terminal, or install them yourself)"
    mkdir -p "$archives/partial"
    as_root apt-get update -qq || say "the package lists could not be refreshed; trying with those that are here"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" --download-only \
        -o Dir::Cache::archives="$archives" "$@" >"$BELLBIRD_CACHE/apt.log" 2>&1 ||
        { tail -20 "$BELLBIRD_CACHE/apt.log" >&2; die "the packages could not be fetched: $*"; }
    refuse_services "$archives"
    as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get install "${options[@]}" \
        -o Dir::Cache::archives="$archives" "$@" >>"$BELLBIRD_CACHE/apt.log" 2>&1 ||
        { tail -20 "$BELLBIRD_CACHE/apt.log" >&2; die "the packages could not be installed: $*"; }
    as_root rm -rf "$archives"
}

if ! have apt-get || ! have dpkg-query; then
    say "this is not Debian: looking for what is needed instead of installing it"
    check_without_apt "$1"
    exit 0
fi

lacking=()
while IFS=: read -r package why; do
    [ -n "$package" ] || continue
    is_installed "$package" && continue
    [ ${#lacking[@]} -gt 0 ] || say "packages that are not here yet:"
    printf '      %-24s%s\n' "$package" "$why" >&2
    lacking+=("$package")
done < <(wanted "$1")
if [ ${#lacking[@]} -gt 0 ]; then install "${lacking[@]}"; fi
