#!/bin/sh
# Makes .venv and installs this package with the given extras; does nothing when they are installed already.
# usage: scripts/venv.sh EXTRAS [DIR]     e.g. scripts/venv.sh local,dev
set -eu
extras=$1
dir=${2:-.venv}
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

stamp="$dir/.installed-$(printf '%s' "$extras" | tr ',' '-')"
if [ -x "$dir/bin/python" ] && [ -f "$stamp" ] && cmp -s pyproject.toml "$stamp"; then
    exit 0
fi

if [ ! -x "$dir/bin/python" ]; then
    python=
    for candidate in ${PYTHON:-python3} python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            python=$candidate
            break
        fi
    done
    if [ -z "$python" ]; then
        say "error: tablewright needs Python 3.11 or newer, and none was found on PATH."
        say "       Install one, or name it:  make ${MAKECMDGOALS:-demo} PYTHON=/path/to/python3.12"
        exit 2
    fi
    say "Making $dir with $("$python" --version) ..."
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        say "error: this Python comes without venv or ensurepip (Debian and Ubuntu keep them in a package of their own)."
        say "       Nothing was installed. Run, then try again:"
        say ""
        say "           sudo apt-get install python3-venv"
        exit 2
    fi
    "$python" -m venv "$dir" || { rm -rf "$dir"; say "error: could not make $dir; is the disk full?"; exit 1; }
fi

say "Installing tablewright[$extras] into $dir (once; a minute or so) ..."
# Python reads .pth files in the locale's encoding: where that cannot spell this folder's name, it would not even start.
# So pip writes in UTF-8, and the path in the file is made relative, which is plain letters.
case $(locale charmap 2>/dev/null || true) in
    UTF-8 | utf8) locale=${LC_ALL:-} ;;
    *) locale=C.UTF-8 ;;
esac
LC_ALL=$locale "$dir/bin/python" -m pip install --quiet --disable-pip-version-check --editable ".[$extras]" || {
    say "error: pip could not install the packages above. Nothing else was changed; run the same command again."
    exit 1
}
for pth in "$dir"/lib/python*/site-packages/__editable__.tablewright-*.pth; do
    [ ! -f "$pth" ] || case $dir in */*) ;; *) echo ../../../../src >"$pth" ;; esac
done
cp pyproject.toml "$stamp"
