#!/usr/bin/env bash
# All tests with small seeded counts, in at most 20 minutes on two cores: unit tier first, browsers last.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
[ -f web/package.json ] && (cd web && npm run --silent check && npm test --silent)
tiers=(tests/unit tests/fuzz tests/media tests/api tests/faults tests/e2e)
[ $# -gt 0 ] && tiers=()
exec .venv/bin/python -m pytest "${tiers[@]}" "$@"
