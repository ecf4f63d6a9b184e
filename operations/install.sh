#!/bin/sh
# Makes .venv where there is none that works, and installs the pinned packages of the file named first.
set -eu
python=${PYTHON:-python3}

fail() { printf '\n%s\n' "$*" >&2; exit 1; }

command -v "$python" >/dev/null 2>&1 || fail "There is no $python. As root: apt-get install -y python3 python3-venv"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  fail "$("$python" -V) is too old: this needs Python 3.11 or newer. Name one: make run PYTHON=python3.12"

if ! .venv/bin/python -c '' 2>/dev/null; then
  rm -rf .venv
  echo "Making the virtual environment .venv"
  if command -v uv >/dev/null 2>&1 && uv venv --quiet --seed --python "$python" .venv; then :
  elif "$python" -c 'import ensurepip, venv' 2>/dev/null && "$python" -m venv .venv; then :
  else
    rm -rf .venv
    fail "This Python cannot make virtual environments. As root: apt-get install -y python3-venv, then the same make again."
  fi
fi

echo "Installing the packages of $1"
if command -v uv >/dev/null 2>&1 && uv pip install --quiet --python .venv/bin/python -r "$1"; then exit 0; fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$1" ||
  fail "The packages of $1 could not be installed: the messages above say why. Nothing else was changed."
