#!/usr/bin/env bash
# Builds the pages into web/dist, with the Node that .venv carries; nothing from the machine's own Node is used.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .make
export PATH="$PWD/.venv/bin:$PATH"
lock=$(sha256sum web/package-lock.json | cut -c1-32)
sources=$(cd web && find . -type f -not -path './node_modules/*' -not -path './dist/*' | sort | xargs sha256sum | sha256sum | cut -c1-32)
if [ ! -d web/node_modules ] || [ ! -f .make/node_modules ] || [ "$(cat .make/node_modules)" != "$lock" ]; then
  printf '\033[1m· Installing the packages of the pages\033[0m\n' >&2
  (cd web && npm ci --no-audit --no-fund --loglevel=error >../.make/npm.log 2>&1) || { tail -n 30 .make/npm.log >&2; exit 1; }
  printf '%s' "$lock" >.make/node_modules
fi
if [ ! -f web/dist/index.html ] || [ ! -f .make/web ] || [ "$(cat .make/web)" != "$sources" ]; then
  printf '\033[1m· Building the pages\033[0m\n' >&2
  (cd web && npm run --silent build >../.make/web.log 2>&1) || { tail -n 30 .make/web.log >&2; exit 1; }
  printf '%s' "$sources" >.make/web
fi
