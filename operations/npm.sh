#!/bin/sh
# Sees to npm, from which the tests take Stripe's own command line: installs Debian's as root, else says what is missing, loudly.
set -eu
if command -v npm >/dev/null 2>&1; then exit 0; fi

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing npm for the tests with Stripe's command line"
  export DEBIAN_FRONTEND=noninteractive
  if apt-get update -qq && apt-get install -y -qq --no-install-recommends npm; then exit 0; fi
fi
cat >&2 <<'TEXT'

  ****************************************************************************
  There is no npm: the tests with Stripe's command line cannot run and will
  say so.  As root:  apt-get update && apt-get install -y npm
  ****************************************************************************

TEXT
