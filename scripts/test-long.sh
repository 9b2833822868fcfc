#!/usr/bin/env bash
# The counts that issues name, in parts of at most 60 minutes, most of them by file. What passed at this revision is not
# run again until `make test-long PART=fresh`; `make test-long PART=kill` runs one part.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
export LD_PRELOAD=libeatmydata.so  # nobody waits for a disk: tests kill processes, not the machine's power
mkdir -p .make/long
[ "${1:-}" = fresh ] && { rm -f .make/long/*; shift; }
revision=$(git rev-parse HEAD 2>/dev/null || echo none)
failed=()
run_part() {
  local name=$1; shift
  local done_file=".make/long/$name"
  if [ -f "$done_file" ] && [ "$(cat "$done_file")" = "$revision" ]; then echo "part $name: passed before at this revision"; return; fi
  echo "part $name"
  local status=0
  timeout 3600 .venv/bin/python -m pytest -m long "$@" || status=$?
  if [ $status -ne 0 ] && [ $status -ne 5 ]; then failed+=("$name"); return; fi # 5: nothing of it is here
  printf '%s' "$revision" >"$done_file"
}
# A part of long tests file by file, so that a file that passed is not run again with one that has not.
run_files() {
  local name=$1 file; shift
  for file in $(grep -rlE --include='test_*.py' 'mark\.long' "$@"); do
    run_part "$name-$(basename "$file" .py)" "$file"
  done
}
# The whole server's tests on both databases, by quarters.
run_databases() {
  local files=(tests/api/test_*.py tests/api/*/test_*.py) count=4 part
  for part in $(seq 0 $((count - 1))); do
    local first=$((${#files[@]} * part / count)) last=$((${#files[@]} * (part + 1) / count))
    run_part "databases-$part" -m "not long" "${files[@]:first:last-first}" --copies 4
  done
}
parts=(unit cases databases scale fuzz kill e2e store lrs)
[ $# -gt 0 ] && [ -n "$1" ] && parts=("$@")
for part in "${parts[@]}"; do
  case $part in
    unit) run_files unit $(ls -d tests/unit tests/media tests/api/test_*.py | grep -vE "test_analytics_(lrs|scale)") ;;
    cases) run_part cases -m "drawn and not long" tests/unit tests/fuzz tests/media tests/faults tests/e2e ;;
    databases) run_databases ;;
    scale) for kind in sqlite postgresql; do run_part "scale-$kind" tests/api/test_analytics_scale.py -k "$kind"; done ;;
    fuzz) run_files fuzz tests/fuzz ;;
    kill) run_files kill tests/faults ;;
    e2e) run_files e2e tests/e2e ;;
    store) for step in build_versitygw install_azurite; do .venv/bin/python -m "scripts.$step"; done
      run_part store -m "" tests/api/test_storage_s3.py tests/api/test_storage_azure.py tests/api/test_course_file_s3.py \
        tests/api/test_coursework_s3.py ;;
    lrs) .venv/bin/python -m scripts.build_ralph
      run_part lrs -m "" tests/api/test_analytics_lrs.py ;;
    *) echo "test-long: no part is named $part; there are unit, cases, databases, scale, fuzz, kill, e2e, store and lrs." >&2; exit 2 ;;
  esac
done
[ ${#failed[@]} -eq 0 ] || { echo "test-long: not passed: ${failed[*]}" >&2; exit 1; }
