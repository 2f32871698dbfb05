#!/usr/bin/env bash
# ensure-peers.sh: the programs that `make bench` measures beside Gleaner, each optional.
#
#   scripts/ensure-peers.sh [--check]
#
# As root on a Debian-like system the missing ones are installed from the distribution's
# packages: GNU parallel, redis-server, Slurm with munge. None of their services is
# started or enabled: the benchmark starts its own and stops them. Without root, or with
# --check, it only looks.
#
# Prints one line for each on stdout: "<name> <path>" or "<name> missing". Exit code 0:
# the benchmark leaves out what is missing and says so.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"

check=
read_options check -- "$@"
PATH="$PATH:/usr/sbin:/sbin"

# what the benchmark calls it : the program it needs : packages : their services
peers=(
  'parallel:parallel:parallel:'
  'redis:redis-server:redis-server:redis-server.service'
  'slurm:slurmctld:slurm-wlm munge:slurmctld.service slurmd.service munge.service'
)

install_peer() {
  local packages services service
  read -ra packages <<<"$1"
  read -ra services <<<"$2"
  apt_install "${packages[@]}" || return 0
  systemd_runs || return 0
  for service in "${services[@]}"; do
    systemctl disable --quiet "$service" 2>/dev/null || say "$service could not be disabled: it will start at the next boot"
  done
}

lacking=
for peer in "${peers[@]}"; do
  IFS=: read -r name program packages services <<<"$peer"
  have "$program" || lacking+=" $name"
done
if [ -n "$lacking" ] && [ -z "$check" ]; then
  if may_apt; then
    step "Peers for the benchmark are missing:$lacking"
    with_lock "$GLEANER_STATE_DIR/peers.lock" 1800
    for peer in "${peers[@]}"; do
      IFS=: read -r name program packages services <<<"$peer"
      have "$program" || install_peer "$packages" "$services"
    done
    hash -r
  else
    say "missing:$lacking; $(why_not_apt), so the benchmark leaves them out"
  fi
fi
for peer in "${peers[@]}"; do
  IFS=: read -r name program packages services <<<"$peer"
  if have "$program"; then echo "$name $(command -v "$program")"; else echo "$name missing"; fi
done
