#!/usr/bin/env bash
# ensure-kubectl.sh: prints the path of a kubectl that the tests can use (1.27 or newer).
#
#   scripts/ensure-kubectl.sh [--install]
#
#   --install   when there is none on the PATH that is new enough, build one with Go from the
#               module that test/support/kube-apiserver/go.mod names (scripts/ensure-kube.sh)
#
# The demo does not need kubectl: `gleaner apply|get|wait|delete` does the same against the
# same server. Exit code: 0 and the path on stdout, or 1 and the reason on stderr.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"

install=
read_options install -- "$@"

# minor FILE: the minor version of a kubectl 1.x. --client asks no server.
minor() { bounded 20 "$1" version --client 2>/dev/null | grep -oE 'v1\.[0-9]+' | head -n 1 | cut -d. -f2; }

old=
if have kubectl; then
  found=$(minor kubectl || true)
  if [ "${found:-0}" -ge 27 ]; then
    say "using $(command -v kubectl) (1.$found)"
    command -v kubectl
    exit 0
  fi
  old="$(command -v kubectl) is version 1.${found:-?}, the tests want 1.27 or newer; "
fi
[ -n "$install" ] || fail "${old:-there is no kubectl on the PATH}" -- \
  'The demo goes on without it: ./bin/gleaner apply|get|wait|delete does the same.' \
  'To get kubectl: https://kubernetes.io/docs/tasks/tools/' \
  "            or: $0 --install (builds it with Go)"
[ -z "$old" ] || say "${old}building one"
folder=$("$here/ensure-kube.sh" --only kubectl)
echo "$folder/kubectl"
