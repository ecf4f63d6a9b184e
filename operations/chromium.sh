#!/bin/sh
# Sees to a Chromium for the browser tests: installs Debian's as root, else says what is missing, loudly.
set -eu
if command -v chromium-headless-shell >/dev/null 2>&1 || command -v chromium >/dev/null 2>&1; then exit 0; fi

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing Chromium for the browser tests"
  export DEBIAN_FRONTEND=noninteractive
  if apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium-headless-shell fonts-noto-core fonts-urw-base35; then
    exit 0
  fi
fi
cat >&2 <<'TEXT'

  ****************************************************************************
  There is no Chromium: the browser tests cannot run and will say so.
  As root:  apt-get update && apt-get install -y --no-install-recommends \
              chromium-headless-shell fonts-noto-core fonts-urw-base35
  ****************************************************************************

TEXT
