#!/usr/bin/env bash
# All tests with small seeded counts, in at most 20 minutes on two cores: unit tier first, browsers last.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
[ -f web/package.json ] && (cd web && npm run --silent check && npm test --silent)
exec .venv/bin/python -m pytest tests "$@"
