#!/usr/bin/env bash
# Style, types and layers: ruff, mypy strict, import direction, the pages' types of messages, and the pages' own checks.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
ruff check .
ruff format --check .
mypy
lint-imports
python -m scripts.protocol_types --check
cd web && npm run --silent check
