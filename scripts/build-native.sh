#!/usr/bin/env bash
# Compiles the packet path, inner loops of recordings and the load client in place, and puts the `vtp` command into .venv/bin.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .make
digest=$(cat setup.py pyproject.toml $(find vtp -name '*.pyx' -o -name '*.pxd' -o -name '*.pxi' | sort) requirements/build.lock | sha256sum | cut -c1-32)
modules=$(find vtp -name '_*.pyx' | sed 's/\.pyx$//')
missing=0
for module in $modules; do compgen -G "$module.*.so" >/dev/null || missing=1; done
if [ $missing -eq 1 ] || [ ! -f .make/native ] || [ "$(cat .make/native)" != "$digest" ]; then
  printf '\033[1m· Compiling the packet path\033[0m\n' >&2
  .venv/bin/python setup.py -q build_ext --inplace --parallel 2 >.make/native.log 2>&1 || { tail -n 40 .make/native.log >&2; exit 1; }
  printf '%s' "$digest" >.make/native
fi
if [ ! -x .venv/bin/vtp ] || ! grep -q "$PWD/.venv" .venv/bin/vtp; then
  site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  printf '%s\n' "$PWD" >"$site/vtp.pth"
  cat >.venv/bin/vtp <<SCRIPT
#!$PWD/.venv/bin/python
import sys

from vtp.cli import main

sys.exit(main())
SCRIPT
  chmod +x .venv/bin/vtp
fi
