#!/usr/bin/env bash
# ensure-docker.sh: makes sure that a Docker Engine answers; prints its endpoint on stdout.
#
#   scripts/ensure-docker.sh [--check] [--socket PATH] [--wait SECONDS]
#
# An engine that answers (DOCKER_HOST when set, else the default socket, else this user's
# rootless socket) is used as it is. Otherwise, as root on a Debian-like system, docker.io
# is installed from the distribution's packages when there is no dockerd on the PATH, and
# dockerd is started in the background; it stays when this script ends.
#
#   --check          only look; exit 1 when no engine answers
#   --socket PATH    the default socket (default /var/run/docker.sock)
#   --wait SECONDS   how long a started engine may take to answer (default 60)
#
# Log and pid file of an engine that it starts itself: dockerd.log and dockerd.pid in
# ${XDG_STATE_HOME:-~/.local/state}/gleaner. Exit code: 0 an engine answers, 1 none does.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"

socket=/var/run/docker.sock
wait=60 # seconds
check=
read_options check socket='a path' wait=seconds -- "$@"
[[ $wait =~ ^[0-9]{1,4}$ ]] || fail "--wait is '$wait', which is not a number of seconds"
have node || fail 'node is not on the PATH' -- 'Install Node.js 20.19 or later first (scripts/ensure-node.sh says how).'

state=$GLEANER_STATE_DIR
log=$state/dockerd.log
pid_file=$state/dockerd.pid

ping_engine() { bounded 10 node "$here/docker-ping.mjs" "${1:-$socket}"; }

by_hand=(
  'Ways to get one:'
  '  Debian, Ubuntu:  sudo apt-get install docker.io, then add yourself to the group:'
  "                   sudo usermod -aG docker \"\$USER\" (and log in again)"
  '  any Linux:       https://docs.docker.com/engine/install/'
  '  without root:    rootless Docker, https://docs.docker.com/engine/security/rootless/'
  '  one elsewhere:   export DOCKER_HOST=unix:///path/to/docker.sock'
)

# find_engine: prints the endpoint that answers, or returns 1 with the reason in $why.
find_engine() {
  local errors
  errors=$(mktemp)
  if ping_engine 2>"$errors"; then rm -f "$errors"; return 0; fi
  why=$(head -n 1 "$errors")
  rm -f "$errors"
  [ -z "${DOCKER_HOST:-}" ] || return 1
  local rootless="${XDG_RUNTIME_DIR:-/run/user/$(id -u)}/docker.sock"
  [ -S "$rootless" ] && ping_engine "$rootless" 2>/dev/null
}

# Minimal machines boot without the cgroup hierarchies that a container needs. Where no v1
# hierarchy has taken a controller yet the unified one is mounted; otherwise each missing
# controller gets its v1 mount. What is mounted already is left as it is.
mount_cgroups() {
  local root=/sys/fs/cgroup name mounts enabled absent=()
  [ "$(stat -f -c %T "$root" 2>/dev/null)" != cgroup2fs ] || return 0
  [ -r /proc/cgroups ] || { say 'this kernel has no cgroups: containers cannot be limited'; return 0; }
  if awk '$2 != 0 && $1 !~ /^#/ { exit 1 }' /proc/cgroups && grep -qw cgroup2 /proc/filesystems && ! mountpoint -q "$root"; then
    say "mounting the cgroup2 hierarchy at $root (this machine had none)"
    mkdir -p "$root" && mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$root"
    return 0
  fi
  for name in cpu cpuacct cpuset memory devices freezer blkio pids; do
    enabled=$(awk -v name="$name" '$1 == name { print $4 }' /proc/cgroups)
    mounts=$(awk '$3 == "cgroup" { print "," $4 "," }' /proc/mounts | grep -c ",$name," || true)
    if [ "$enabled" = 1 ] && [ "$mounts" = 0 ]; then absent+=("$name"); fi
  done
  [ ${#absent[@]} -gt 0 ] || return 0
  mountpoint -q "$root" || { mkdir -p "$root"; mount -t tmpfs -o mode=755,size=1m,nosuid,nodev,noexec cgroup "$root"; }
  say "mounting the cgroup hierarchies that this machine lacks: ${absent[*]}"
  for name in "${absent[@]}"; do
    mkdir -p "$root/$name"
    mount -t cgroup -o "nosuid,nodev,noexec,$name" cgroup "$root/$name" ||
      { rmdir "$root/$name"; say "the hierarchy $name could not be mounted"; }
  done
}

running_dockerd() {
  local dir
  for dir in /proc/[0-9]*; do
    [ "$(cat "$dir/comm" 2>/dev/null)" != dockerd ] || { basename "$dir"; return 0; }
  done
  return 1
}

# start_dockerd [FLAG...]: a daemon of its own session, with no descriptor of ours.
start_dockerd() {
  local old
  if [ -s "$pid_file" ]; then
    old=$(cat "$pid_file")
    [ "$(cat "/proc/$old/comm" 2>/dev/null)" = dockerd ] || rm -f "$pid_file"
  fi
  say "starting dockerd in the background (log $log, pid file $pid_file)"
  PATH="$PATH:/usr/sbin:/sbin" setsid dockerd --host "unix://$socket" --pidfile "$pid_file" "$@" \
    </dev/null >>"$log" 2>&1 9>&- &
  started=$!
}

# await_engine: 0 when it answers, 1 when the time is over or the started process ended.
await_engine() {
  local until=$((SECONDS + wait))
  while [ $SECONDS -lt $until ]; do
    if ping_engine >/dev/null 2>&1; then return 0; fi
    if [ -n "${started:-}" ] && ! kill -0 "$started" 2>/dev/null; then return 1; fi
    sleep 0.5
  done
  return 1
}

why=
started=
if endpoint=$(find_engine); then
  say "using the Docker Engine at $endpoint"
  echo "$endpoint"
  exit 0
fi
find_engine >/dev/null || true # once more in this shell, for $why
[ -z "$check" ] || fail "no Docker Engine answers: $why" -- "${by_hand[@]}"
if [ -n "${DOCKER_HOST:-}" ]; then
  fail "DOCKER_HOST is set, and no Docker Engine answers there: $why" -- \
    'Start that engine, or unset DOCKER_HOST to use (or install) the one of this machine.'
fi
if [[ $why == *EACCES* ]]; then
  fail "a Docker Engine listens at $socket, but this user may not use it" -- \
    "sudo usermod -aG docker \"\$USER\" (and log in again), or run as root."
fi
is_root || fail "no Docker Engine answers ($why), and $(why_not_apt), so none can be started" -- "${by_hand[@]}"

step 'No Docker Engine answers: getting one'
with_lock "$state/docker.lock" 900
if ! ping_engine >/dev/null 2>&1; then
  PATH="$PATH:/usr/sbin:/sbin"
  if ! have dockerd; then
    may_apt || fail "no dockerd on the PATH, and $(why_not_apt)" -- "${by_hand[@]}"
    packages=(docker.io)
    # From trixie on the command line is a package of its own.
    if [ -n "$(apt-cache search --names-only '^docker-cli$' 2>/dev/null)" ]; then packages+=(docker-cli); fi
    have iptables || packages+=(iptables)
    apt_install "${packages[@]}" || fail 'docker.io could not be installed' -- "${by_hand[@]}"
    hash -r
    have dockerd || fail 'docker.io is installed, but there is no dockerd on the PATH' -- "${by_hand[@]}"
  fi
  if systemd_runs && systemctl cat docker.service >/dev/null 2>&1 && [ "$socket" = /var/run/docker.sock ]; then
    say 'systemctl start docker'
    bounded 120 systemctl start docker || say 'systemctl could not start docker'
    await_engine || fail "docker.service does not answer after $wait s" -- 'See: journalctl -u docker'
  elif [ "$socket" = /var/run/docker.sock ] && running=$(running_dockerd); then
    say "dockerd runs already (pid $running): waiting for it, at most $wait s"
    await_engine || fail "dockerd (pid $running) runs but does not answer on $socket" -- \
      'If it listens elsewhere: export DOCKER_HOST=unix:///its/socket'
  else
    mount_cgroups
    mkdir -p "$state"
    before=$(stat -c %s "$log" 2>/dev/null || echo 0)
    if [ "$before" -gt 10485760 ]; then mv -f "$log" "$log.1"; before=0; fi
    start_dockerd
    if ! await_engine; then
      # Kernels without netfilter or bridges: tasks have no network by default, so it is not needed.
      if ! kill -0 "$started" 2>/dev/null && tail -c "+$((before + 1))" "$log" | grep -qiE 'iptables|nf_tables|bridge'; then
        say 'dockerd could not set up its network: starting it without a bridge (tasks need none)'
        start_dockerd --bridge=none --iptables=false --ip6tables=false
        await_engine || { show_end "$log"; fail "dockerd did not start; its log is $log"; }
      else
        tail -c "+$((before + 1))" "$log" >"$log.last" && show_end "$log.last"
        fail "dockerd does not answer after $SECONDS s; its log is $log"
      fi
    fi
    say "dockerd answers and stays running; stop it with: kill \$(cat $pid_file)"
  fi
fi
ping_engine
