#!/usr/bin/env bash
# Sets up what is missing and nothing else: system packages, .venv, compiled modules, web pages.
#   scripts/setup.sh build   what `make run` needs        scripts/setup.sh test   the tests' needs too
# Every step leaves a stamp in .make/ that names what it was made from, so a second run costs a blink.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=${1:-build}
mkdir -p .make
say() { printf '\033[1m· %s\033[0m\n' "$*" >&2; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }
digest() { cat "$@" 2>/dev/null | sha256sum | cut -c1-32; }
fresh() { [ -f ".make/$1" ] && [ "$(cat ".make/$1")" = "$2" ]; }
stamp() { printf '%s' "$2" >".make/$1"; }

# What was begun beside the rest goes on when this script fails or is interrupted (apt and dpkg must not be cut
# off): it is waited for, so that the next run finds neither half a package nor a lock.
finish() {
  local status=$?
  trap '' INT TERM HUP
  [ -z "$(jobs -rp)" ] || say "Waiting for what still runs"
  wait || true
  exit "$status"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

source scripts/system-packages.sh

install_system_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || die "these packages are missing and apt-get is not here to install them: ${missing[*]}"
  local as_root=""
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "install these packages as root, then run this again: ${missing[*]}"
    as_root=sudo
  fi
  say "Installing system packages: ${missing[*]}"
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >.make/apt.log 2>&1 \
    && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >>.make/apt.log 2>&1 \
    || { tail -n 15 .make/apt.log >&2; die "apt-get could not install ${missing[*]}; its last lines are above."; }
}

system_python() {
  local candidate
  for candidate in /usr/bin/python3 python3; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo "$candidate"; return; fi
  done
  die "Python 3.11 or later is needed (Debian 12, Ubuntu 24.04 or later have it)."
}

# A fast check first: with every stamp in place nothing below has to run.
if ! fresh system "$mode $(digest scripts/system-packages.sh)" && ! fresh system "test $(digest scripts/system-packages.sh)"; then
  install_system_packages "${BUILD_PACKAGES[@]}"
  if [ "$mode" = test ]; then
    install_system_packages "${TEST_PACKAGES[@]}" &  # beside the rest, which needs none of them
    tools=$!
  else
    stamp system "$mode $(digest scripts/system-packages.sh)"
  fi
fi

lock=requirements/base.lock
[ "$mode" = test ] && lock=requirements/dev.lock
lock_digest="$(digest requirements/base.lock requirements/build.lock requirements/dev.lock)"
install_python_packages() {
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-compile -r "$1"
}
if [ ! -x .venv/bin/python ]; then
  say "Making the virtual environment"
  rm -rf .venv
  "$(system_python)" -m venv .venv
  rm -f .make/python
fi
if ! fresh python "$mode $lock_digest" && ! fresh python "test $lock_digest"; then
  say "Installing Python packages"
  install_python_packages requirements/build.lock
  {  # beside what is built, which needs no more than that
    install_python_packages "$lock"
    stamp python "$mode $lock_digest"
    .venv/bin/python -m compileall -q .venv/lib >/dev/null 2>&1 || true  # packages carry what no Python compiles
  } &
  packages=$!
fi

# The pages download much and compile little: beside the packet path they cost no time of their own.
scripts/build-web.sh &
pages=$!
if [ "$mode" = test ]; then
  .venv/bin/python -m scripts.build_pebble &
  pebble=$!
fi
scripts/build-native.sh
wait "$pages"
[ "$mode" != test ] || wait "$pebble"
[ -z "${packages:-}" ] || wait "$packages"
if [ -n "${tools:-}" ]; then
  wait "$tools"
  stamp system "$mode $(digest scripts/system-packages.sh)"
fi
