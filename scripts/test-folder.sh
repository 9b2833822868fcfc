# Sourced by what runs tests: where there is room for it, they keep their folders in memory. They make some hundred
# thousand small files, and a file system on a disk takes up to a millisecond of a processor to make one.
ram=/dev/shm
needed_kib=$((6 * 1024 * 1024))
for left in "$ram"/vtp-tests.*; do # of runs that were killed
  [ -d "$left" ] && ! kill -0 "${left##*.}" 2>/dev/null && rm -rf "$left"
done
free_kib=$(df --output=avail "$ram" 2>/dev/null | tail -n 1) || free_kib=0
memory_kib=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)
if [ -w "$ram" ] && [ "${free_kib:-0}" -gt $needed_kib ] && [ "${memory_kib:-0}" -gt $((2 * needed_kib)) ]; then
  export TMPDIR="$ram/vtp-tests.$$"
  mkdir -p "$TMPDIR"
  chmod 755 "$TMPDIR" # PostgreSQL's user comes through it
  trap 'rm -rf "$TMPDIR"' EXIT
fi
