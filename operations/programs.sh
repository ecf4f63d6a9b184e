#!/bin/sh
# Sees to the programs that tests look through: installs Debian's as root, else says loudly what is missing and what that leaves out.
set -eu

# what for, packages, and how it is known that they are there
see_to() {
  what=$1 packages=$2
  shift 2
  if "$@" >/dev/null 2>&1; then return 0; fi
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing what the tests of $what need: $packages"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    if apt-get update -qq && apt-get install -y -qq --no-install-recommends $packages; then return 0; fi
  fi
  cat >&2 <<TEXT

  ****************************************************************************
  The tests of $what cannot run here, and will say so.
  As root:  apt-get update && apt-get install -y --no-install-recommends \\
              $packages
  ****************************************************************************

TEXT
}

a_browser() { command -v chromium-headless-shell || command -v chromium; }  # no function is named like what it looks for
pdf_readers() { command -v pdftotext && fc-list | grep -q 'Noto Sans CJK'; }

see_to "pages in a browser" "chromium-headless-shell fonts-noto-core fonts-urw-base35" a_browser
see_to "spreadsheets in LibreOffice" "libreoffice-calc-nogui" command -v soffice
see_to "PDFs" "poppler-utils fonts-noto-core fonts-noto-cjk fontconfig" pdf_readers
