#!/bin/sh
# Makes .venv hold exactly what requirements-dev.txt asks for, and says what it does.
# Every make target starts with it; it must never touch anything outside the checkout.
set -eu

cd "$(dirname "$0")/.."

VENV=.venv
# A venv made by other means is used as it is: only its packages are brought up to date.
STAMP=$VENV/.installed-from
LOG=$VENV/install.log

fail() {
    printf 'kaituan needs %s\n  remedy: %s\n' "$1" "$2" >&2
    exit 1
}

recent_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14; do
        if command -v "$candidate" >/dev/null 2>&1 && recent_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

checksum() {
    cat requirements.txt requirements-dev.txt | "$1" -c \
        'import hashlib,sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest(), sys.version_info[:2])'
}

usable() {
    [ -x "$VENV/bin/python" ] && recent_enough "$VENV/bin/python" || return 1
    [ -f "$STAMP" ] || "$VENV/bin/python" -m pip --version >/dev/null 2>&1
}

if ! usable; then
    python=$(find_python) || fail 'Python 3.11 or later' \
        'install it (https://www.python.org, brew install python@3.12, apt install python3.12 python3.12-venv), or name it: make PYTHON=/path/to/python3.12'
    "$python" -c 'import venv, ensurepip' >/dev/null 2>&1 || fail "the venv module of $python" \
        'on Debian and Ubuntu: apt install python3-venv (or python3.12-venv, as your version)'
    echo "making $VENV with $python"
    rm -rf "$VENV"
    "$python" -m venv "$VENV" || fail 'to make a virtual environment here' \
        'check that the disk has room and that the checkout can be written to'
fi

command -v ps >/dev/null 2>&1 || fail 'the command ps' 'on Debian and Ubuntu: apt install procps'

wanted=$(checksum "$VENV/bin/python")
if [ -f "$STAMP" ] && [ "$(cat "$STAMP")" = "$wanted" ]; then
    exit 0
fi

# The stamp is written last: an interrupted installation is taken up again the next time.
rm -f "$STAMP"
echo 'installing requirements-dev.txt (about a minute the first time)'
started=$(date +%s)
"$VENV/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off \
    -r requirements-dev.txt >"$LOG" 2>&1 &
installer=$!
trap 'kill "$installer" 2>/dev/null; exit 130' INT TERM
while kill -0 "$installer" 2>/dev/null; do
    sleep 1
    seconds=$(($(date +%s) - started))
    doing=$(tail -n 1 "$LOG" 2>/dev/null | cut -c 1-60)
    if [ -t 1 ]; then
        printf '\r  %3d s  %-60s' "$seconds" "$doing"
    elif [ $((seconds % 10)) -eq 0 ]; then
        printf '  %3d s  %s\n' "$seconds" "$doing"
    fi
done
[ -t 1 ] && printf '\r%72s\r' ''
status=0
wait "$installer" || status=$?
trap - INT TERM
if [ "$status" -ne 0 ]; then
    tail -n 15 "$LOG" >&2
    fail 'the packages of requirements-dev.txt' \
        "see above and $LOG; check the network and pip's configuration, then run make again"
fi
printf '%s\n' "$wanted" >"$STAMP"
echo "installed in $(($(date +%s) - started)) s"
