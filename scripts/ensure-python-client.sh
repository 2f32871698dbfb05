#!/usr/bin/env bash
# ensure-python-client.sh: prints the path of a Python that has Kubernetes' client library.
#
#   scripts/ensure-python-client.sh [--install]
#
#   --install   as root on a Debian-like system, install the package python3-kubernetes when
#               no Python has it
#
# Exit code: 0 and the path on stdout, or 1 and the reason on stderr.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"

install=
read_options install -- "$@"

answer() {
  local python
  for python in /usr/bin/python3 "$(command -v python3 || true)"; do
    if [ -x "$python" ] && bounded 60 "$python" -c 'import kubernetes' 2>/dev/null; then echo "$python"; exit 0; fi
  done
}
ways=('Install the package python3-kubernetes (Debian), or: python3 -m pip install kubernetes')

answer
[ -n "$install" ] || fail "no Python here has Kubernetes' client library" -- "${ways[@]}"
may_apt || fail "no Python here has Kubernetes' client library, and $(why_not_apt)" -- "${ways[@]}"
step "Installing Python's client of Kubernetes"
with_lock "$GLEANER_STATE_DIR/python-client.lock" 900
apt_install python3-kubernetes || fail 'python3-kubernetes could not be installed' -- "${ways[@]}"
answer
fail 'python3-kubernetes is installed, but Python does not find it' -- "${ways[@]}"
