#!/usr/bin/env bash
# Runs a command, and all that it starts, on what processors everybody else leaves idle: in a scheduling group of its
# own, where root may make one and the kernel has `cpu.idle` (5.15). Niceness alone would not do: Linux gives each session
# a group, and PostgreSQL and browsers begin sessions of their own. Prints nothing; exits as the command does.
# Without such groups the command does not begin, and the exit status is 75: run it by itself then.
set -uo pipefail
for root in /sys/fs/cgroup/cpu /sys/fs/cgroup; do
  group=$root/vtp-yielding-$$
  [ -w "$root/cgroup.procs" ] && mkdir "$group" 2>/dev/null || continue
  if echo 1 2>/dev/null >"$group/cpu.idle"; then
    if [ -e "$group/cpu.rt_runtime_us" ]; then echo 200000 >"$group/cpu.rt_runtime_us"; fi  # for media threads
    command=
    trap 'xargs -r kill <"$group/cgroup.procs" 2>/dev/null; wait $command; status=$?; leave' INT TERM HUP
    leave() {
      for _ in $(seq 100); do
        rmdir "$group" 2>/dev/null && break  # not while any process that it has left behind is there
        sleep 0.1
      done
      exit "$status"
    }
    (
      echo "$BASHPID" >"$group/cgroup.procs"
      exec "$@"
    ) &
    command=$!
    wait "$command"
    status=$?
    leave
  fi
  rmdir "$group"
done
exit 75
