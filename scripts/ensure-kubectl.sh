#!/usr/bin/env bash
# ensure-kubectl.sh: prints the path of a kubectl that works.
#
#   scripts/ensure-kubectl.sh [--install]
#
#   --install   as root on a Debian-like system, install the package kubernetes-client
#               when there is no kubectl on the PATH (the tests want a real one)
#
# The demo does not need kubectl: `gleaner apply|get|wait|delete` does the same against the
# same server. Exit code: 0 and the path on stdout, or 1 and the reason on stderr.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"

install=
while [ $# -gt 0 ]; do
  case $1 in
    --install) install=1 ;;
    -h | --help) help_of "$0"; exit 0 ;;
    *) fail "unknown argument $1" -- "See $0 --help." ;;
  esac
  shift
done

# Version output on stdout would mix with the answer; --client asks no server.
works() { have kubectl && bounded 20 kubectl version --client >/dev/null 2>&1; }

answer() { say "using $1 ($(bounded 20 kubectl version --client 2>/dev/null | grep -oE 'v[0-9]+\.[0-9]+\.[0-9]+' | head -n 1))"; echo "$1"; exit 0; }

if works; then answer "$(command -v kubectl)"; fi
ways=(
  'The demo goes on without it: ./bin/gleaner apply|get|wait|delete does the same.'
  'To get kubectl: https://kubernetes.io/docs/tasks/tools/'
  '            or: sudo apt-get install kubernetes-client (Debian; an old version, which is enough)'
)
if have kubectl; then fail "$(command -v kubectl) does not work: 'kubectl version --client' fails" -- "${ways[@]}"; fi
[ -n "$install" ] || fail 'there is no kubectl on the PATH' -- "${ways[@]}"
may_apt || fail "there is no kubectl on the PATH, and $(why_not_apt), so none can be installed" -- "${ways[@]}"

step 'No kubectl on the PATH: installing kubernetes-client'
with_lock "$GLEANER_STATE_DIR/kubectl.lock" 900
apt_install kubernetes-client || fail 'kubernetes-client could not be installed' -- "${ways[@]}"
hash -r
works || fail 'kubernetes-client is installed, but kubectl does not work' -- "${ways[@]}"
answer "$(command -v kubectl)"
