#!/usr/bin/env bash
# Style, types and layers: ruff, mypy strict, import direction, and the pages' own checks.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
ruff check .
ruff format --check .
mypy
lint-imports
cd web && npm run --silent check
