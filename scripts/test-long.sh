#!/usr/bin/env bash
# The counts that issues name, in parts of at most 60 minutes. A part that passed is not run again until
# `make test-long PART=fresh`; `make test-long PART=kill` runs one part.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
mkdir -p .make/long
[ "${1:-}" = fresh ] && { rm -f .make/long/*; shift; }
revision=$(git rev-parse HEAD 2>/dev/null || echo none)
run_part() {
  local name=$1; shift
  local done_file=".make/long/$name"
  if [ -f "$done_file" ] && [ "$(cat "$done_file")" = "$revision" ]; then echo "part $name: passed before at this revision"; return; fi
  echo "part $name"
  timeout 3600 .venv/bin/python -m pytest -m long "$@"
  printf '%s' "$revision" >"$done_file"
}
parts=(unit cases databases fuzz kill e2e store lrs)
[ $# -gt 0 ] && [ -n "$1" ] && parts=("$@")
for part in "${parts[@]}"; do
  case $part in
    unit) run_part unit tests/unit tests/media tests/api ;;
    cases) run_part cases -m "drawn and not long" tests/unit tests/fuzz tests/media tests/faults tests/e2e ;;
    databases) run_part databases -m "not long" tests/api -n 4 --dist loadfile --no-loadscope-reorder ;;
    fuzz) run_part fuzz tests/fuzz ;;
    kill) run_part kill tests/faults ;;
    e2e) run_part e2e tests/e2e ;;
    store) for step in build_versitygw install_azurite; do .venv/bin/python -m "scripts.$step"; done
      run_part store -m "" tests/api/test_storage_s3.py tests/api/test_storage_azure.py tests/api/test_course_file_s3.py \
        tests/api/test_coursework_s3.py ;;
    lrs) .venv/bin/python -m scripts.build_ralph
      run_part lrs -m "" tests/api/test_analytics_lrs.py ;;
    *) echo "test-long: no part is named $part; there are unit, cases, databases, fuzz, kill, e2e, store and lrs." >&2; exit 2 ;;
  esac
done
