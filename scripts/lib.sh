# Shared helpers of the install scripts. Source it; it runs nothing by itself.
#
# Progress and errors go to stderr, so that stdout is free for a script's one
# answer (an endpoint, a path). Every wait has a bound.
# shellcheck shell=bash

# shellcheck disable=SC2034 # used by the scripts that source this
GLEANER_STATE_DIR="${XDG_STATE_HOME:-${HOME:-/root}/.local/state}/gleaner"

# say WORDS...: one line of progress, with the seconds since the script began.
say() { printf '  [%3ds] %s\n' "$SECONDS" "$*" >&2; }

# step WORDS...: the start of a part that a reader waits for.
step() { printf '==> %s\n' "$*" >&2; }

# fail WORDS... [-- WAY_OUT_LINE...]: says what is wrong and the way out, exits 1.
fail() {
  local words=()
  while [ $# -gt 0 ] && [ "$1" != -- ]; do words+=("$1"); shift; done
  printf 'error: %s\n' "${words[*]}" >&2
  [ $# -eq 0 ] || shift
  [ $# -eq 0 ] || printf '       %s\n' "$@" >&2
  exit 1
}

# have COMMAND: is it on the PATH?
have() { command -v "$1" >/dev/null 2>&1; }

is_root() { [ "$(id -u)" -eq 0 ]; }

# may_apt: may this process install the distribution's packages?
may_apt() { is_root && have apt-get && have dpkg-query; }

# why_not_apt: the reason that may_apt said no, as half a sentence.
why_not_apt() {
  if ! have apt-get || ! have dpkg-query; then echo 'this system has no apt-get'
  else echo "this user (uid $(id -u)) is not root"; fi
}

# bounded SECONDS COMMAND...: like timeout, kills what ignores the first signal.
bounded() { local seconds=$1; shift; timeout --kill-after=10 "$seconds" "$@"; }

# show_end FILE [LINES]: the end of a log, indented.
show_end() { [ ! -s "$1" ] || tail -n "${2:-20}" "$1" | sed 's/^/    | /' >&2; }

# with_lock FILE SECONDS: holds FILE on descriptor 9 until the script ends.
# Start daemons with 9>&- or they keep it.
with_lock() {
  mkdir -p "$(dirname "$1")"
  exec 9>"$1"
  flock --nonblock 9 && return 0
  say "another run is at work ($1): waiting for it, at most $2 s"
  flock --timeout "$2" 9 || fail "another run still holds $1 after $2 s" -- \
    "If none is at work any more, end the process that 'fuser $1' names and try again."
}

installed() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

# systemd_runs: is systemd this machine's init, and not merely installed?
systemd_runs() { [ -d /run/systemd/system ] && have systemctl; }

POLICY=/usr/sbin/policy-rc.d

# Debian's packages start their services on installation. While this shell lives, the
# policy file says no; left behind by a kill -9 it forbids nothing, as it asks whether
# the shell still lives, and passes on to the file that was there before.
services_stay_down() {
  if [ -e "$POLICY" ] && ! grep -q gleaner-guard "$POLICY"; then mv "$POLICY" "$POLICY.before-gleaner"; fi
  cat >"$POLICY" <<GUARD
#!/bin/sh
# gleaner-guard: no service is started while the installing shell lives
kill -0 $$ 2>/dev/null && exit 101
[ -x $POLICY.before-gleaner ] && exec $POLICY.before-gleaner "\$@"
exit 0
GUARD
  chmod 755 "$POLICY"
}

services_as_before() {
  if [ -e "$POLICY.before-gleaner" ]; then mv -f "$POLICY.before-gleaner" "$POLICY"; return; fi
  if grep -qs gleaner-guard "$POLICY"; then rm -f "$POLICY"; fi
}

apt_update() {
  say 'apt-get update'
  DEBIAN_FRONTEND=noninteractive bounded 300 apt-get -q -o Acquire::Retries=2 update \
    >"$1" 2>&1 9>&- || say 'apt-get update reported a problem; going on with the lists that there are'
}

# apt_install PACKAGE...: installs what is missing, starts no service. Returns 1 with
# the log's end shown when that fails; never asks a question.
apt_install() {
  local absent=() package log
  for package in "$@"; do installed "$package" || absent+=("$package"); done
  [ ${#absent[@]} -gt 0 ] || return 0
  log=$(mktemp)
  if [ -z "$(find /var/lib/apt/lists -maxdepth 1 -name '*Packages*' -mtime -1 -print -quit 2>/dev/null)" ]; then
    apt_update "$log"
  fi
  say "installing from the distribution's packages: ${absent[*]}"
  # The lock is on a descriptor of its own, in a subshell: two installers wait for each other.
  if (
    exec 8>/run/gleaner-apt.lock
    flock --timeout 900 8 || exit 1
    services_stay_down
    trap services_as_before EXIT
    trap 'exit 130' INT TERM HUP
    install_once "$log" "${absent[@]}" || { apt_update "$log" && install_once "$log" "${absent[@]}"; }
  ); then rm -f "$log"; return 0; fi
  say "apt-get could not install ${absent[*]}:"
  show_end "$log" 15
  rm -f "$log"
  return 1
}

install_once() {
  local log=$1; shift
  DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l bounded 900 apt-get -q -y \
    -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 -o Dpkg::Options::=--force-confold \
    install --no-install-recommends "$@" >>"$log" 2>&1 </dev/null 8>&- 9>&-
}

# help_of FILE: prints the comment at the head of FILE, the text of its --help.
help_of() { sed -n '2,/^$/{s/^# \{0,1\}//;p}' "$1"; }

# read_options NAME[=WHAT]... -- WORDS...: reads a script's own words. --NAME sets the variable NAME to 1; --NAME WORD, where
# there is a WHAT that says what the word is, to WORD. Answers --help, and fails at what is none of these.
read_options() {
  local specs=() spec known
  while [ "$1" != -- ]; do specs+=("$1"); shift; done
  shift
  while [ $# -gt 0 ]; do
    known=
    for spec in "${specs[@]}"; do [ "$1" != "--${spec%%=*}" ] || known=$spec; done
    case $1:$known in
      -h: | --help:) help_of "$0"; exit 0 ;;
      *:) fail "unknown argument $1" -- "See $0 --help." ;;
      *=*) [ -n "${2:-}" ] || fail "$1 needs ${known#*=}" -- "See $0 --help."; printf -v "${known%%=*}" %s "$2"; shift ;;
      *) printf -v "$known" 1 ;;
    esac
    shift
  done
}
