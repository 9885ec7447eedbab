#!/usr/bin/env bash
# A Python environment of our own with the speech scorer (PESQ, ITU-T P.862), and with what tries the API (schemathesis).
source "$(dirname "$0")/common.sh"

requirements="$ROOT/tests/score/requirements.txt"
if cmp -s "$requirements" "$VENV/requirements.txt" && "$VENV/bin/python" -c 'import pesq, numpy, schemathesis' 2>/dev/null; then exit 0; fi

say "making a Python environment for speech scoring and for trying the API under $VENV"
python=/usr/bin/python3
[ -x "$python" ] || python="$(command -v python3)" || { missing "python3 (scores speech, tries the API)"; exit 0; }
rm -rf "$VENV"
"$python" -m venv "$VENV" || { missing "python3-venv (scores speech, tries the API)"; exit 0; }
"$VENV/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements" >"$BELLBIRD_CACHE/pip.log" 2>&1 ||
    { tail -20 "$BELLBIRD_CACHE/pip.log" >&2; missing "the speech scorer and schemathesis (pip could not install them)"; exit 0; }
cp "$requirements" "$VENV/requirements.txt"
