#!/usr/bin/env bash
# render.sh: writes deploy/base/gleaner.yaml from the chart. Run it after a change of the chart.
#
#   deploy/base/render.sh [--check]
#
#   --check   only compare; exit 1 when it differs
#
# Uses helm from scripts/ensure-kube.sh.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=scripts/lib.sh
. "$root/scripts/lib.sh"
check=
read_options check -- "$@"
helm=$("$root/scripts/ensure-kube.sh" --only helm)/helm
text=$("$helm" template gleaner "$root/deploy/chart" --namespace gleaner-system --kube-version 1.32 --values "$here/values.yaml" |
  sed -e '/^# Source: /d' -e 's#managed-by: Helm#managed-by: kustomize#')
if [ -n "$check" ]; then
  [ "$text" = "$(cat "$here/gleaner.yaml")" ] || fail 'deploy/base/gleaner.yaml is not what the chart makes' -- 'Run: deploy/base/render.sh'
else
  printf '%s\n' "$text" >"$here/gleaner.yaml"
fi
