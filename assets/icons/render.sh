#!/bin/sh
# Renders the icons that are committed here from the SVG files beside this script. Needs chromium and python3.
# Run it after a change to the mark; nothing in the build does.
set -eu
cd "$(dirname "$0")"
render() { # svg size png
    page=$(mktemp --suffix=.html)
    printf '<style>*{margin:0}img{display:block;width:%spx;height:%spx}</style><img src="data:image/svg+xml;base64,%s">' \
        "$2" "$2" "$(base64 -w0 "$1")" >"$page"
    chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --default-background-color=00000000 \
        --force-device-scale-factor=1 --window-size="$2,$2" --screenshot="$PWD/$3" "file://$page" >/dev/null 2>&1
    rm -f "$page"
}
for size in 16 32 48 64 128 256 512; do render app.svg "$size" "$size.png"; done
mv 32.png 32x32.png && mv 128.png 128x128.png && cp 256.png 128x128@2x.png && cp 512.png icon.png
for svg in tray/*.svg; do render "$svg" 32 "${svg%.svg}.png"; done
python3 - <<'PY'
import struct
def png(name): return open(name, "rb").read()
sizes = {16: "16.png", 32: "32x32.png", 48: "48.png", 64: "64.png", 256: "256.png"}
offset, entries, images = 6 + 16 * len(sizes), b"", b""
for size, name in sizes.items():
    data = png(name)
    entries += struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(data), offset + len(images))
    images += data
open("icon.ico", "wb").write(struct.pack("<HHH", 0, 1, len(sizes)) + entries + images)
kinds = {b"icp4": "16.png", b"icp5": "32x32.png", b"icp6": "64.png", b"ic07": "128x128.png", b"ic08": "256.png", b"ic09": "512.png"}
body = b"".join(kind + struct.pack(">I", 8 + len(png(name))) + png(name) for kind, name in kinds.items())
open("icon.icns", "wb").write(b"icns" + struct.pack(">I", 8 + len(body)) + body)
PY
rm -f 16.png 48.png 64.png 256.png 512.png
