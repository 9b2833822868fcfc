#!/usr/bin/env bash
# Resolves requirements/*.in into *.lock: exact versions and hashes, for Python 3.11 and later.
set -euo pipefail
cd "$(dirname "$0")/.."
for name in build base dev ralph; do
  .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --no-emit-find-links --no-annotate --no-header --output-file "requirements/$name.lock" "requirements/$name.in"
done
