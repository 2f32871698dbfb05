#!/usr/bin/env bash
# kube-e2e.sh: runs Kubernetes' e2e tests of the API machinery (1.32), as they are, against `gleaner server`.
#
#   scripts/kube-e2e.sh [--focus REGEX]
#
#   --focus   only tests whose name fits, such as 'ServerSideApply|Watchers'; all that are not left out when absent
#
# Needs Go. The tests are compiled once, about ten minutes on two cores, and kept in ${XDG_CACHE_HOME:-~/.cache}/gleaner/kube-e2e. They run for three to five.
# What is left out, and why, is in test/support/kube-e2e/left-out.txt. The server has a data folder of its own on any free port.
# Exit code: 0 when all that ran passed. Ends with "N passed, N failed".

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"
root=$(dirname "$here")
suite=$root/test/support/kube-e2e

focus='\[sig-api-machinery\]'
read_options focus=REGEX -- "$@"

key=$(cat "$suite"/{go.mod,go.sum,suite_test.go} | sha256sum | cut -c 1-16)
binary="${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/gleaner/kube-e2e/$key.test"
if [ ! -x "$binary" ]; then
  have go || fail 'there is no go on the PATH to compile the tests' -- 'Install Go 1.26 or newer: https://go.dev/dl'
  with_lock "$GLEANER_STATE_DIR/kube-e2e.lock" 1800
fi
# Another run may have compiled them meanwhile.
if [ ! -x "$binary" ]; then
  step 'Compiling the tests'
  mkdir -p "$(dirname "$binary")"
  (cd "$suite" && CGO_ENABLED=0 GOFLAGS='-mod=readonly -buildvcs=false' GOWORK=off bounded 3000 go test -c -trimpath -o "$binary.new" . 9>&-)
  mv "$binary.new" "$binary"
fi
kubectl=$("$here/ensure-kube.sh" --only kubectl)/kubectl

dir=$(mktemp -d "${TMPDIR:-/tmp}/gleaner-kube-e2e.XXXXXX")
server=
tests=
stop() {
  status=$?
  if [ -n "$tests" ] && kill -0 "$tests" 2>/dev/null; then
    kill -TERM "$tests" 2>/dev/null || true
    wait "$tests" 2>/dev/null || true
  fi
  if [ -n "$server" ] && kill -0 "$server" 2>/dev/null; then
    kill -TERM "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$dir"
  exit "$status"
}
trap stop EXIT
trap 'exit 130' INT TERM

step 'Starting gleaner server'
"$root/bin/gleaner" server --data "$dir/data" --port 0 --images "$dir/none" >"$dir/out" 2>"$dir/log" 9>&- &
server=$!
for _ in $(seq 600); do
  grep -q '^ready:' "$dir/out" && break
  kill -0 "$server" 2>/dev/null || { show_end "$dir/log"; fail 'the server ended early'; }
  sleep 0.1
done
grep -q '^ready:' "$dir/out" || { show_end "$dir/log"; fail 'the server was not ready after 60 s'; }

left_out=$(grep -v '^#' "$suite/left-out.txt" | cut -f 1 | paste -s -d '|')
step 'Running the tests'
status=0
cd "$dir"
timeout --kill-after=10 2400 "$binary" --kubeconfig="$dir/data/kubeconfig" --provider=local --kubectl-path="$kubectl" --dump-logs-on-failure=false \
  --ginkgo.focus="$focus" --ginkgo.skip="$left_out" --ginkgo.no-color --ginkgo.silence-skips --ginkgo.timeout=2300s 9>&- >"$dir/tests" 2>&1 &
tests=$!
wait "$tests" || status=$?
cd "$root"
grep -E '^ *\[(FAIL|PANICKED|TIMEDOUT|INTERRUPTED)\]' "$dir/tests" | sort -u >&2 || true
counts=$(sed -n 's/.*-- *\([0-9][0-9]*\) Passed *| *\([0-9][0-9]*\) Failed.*/\1 passed, \2 failed/p' "$dir/tests" | tail -n 1)
[ "$counts" != '0 passed, 0 failed' ] || fail "no test fits --focus $focus"
if [ -z "$counts" ]; then show_end "$dir/tests" 40; fail 'the tests did not come to their end'; fi
# What failed is worth its whole output.
if [ "$status" -ne 0 ]; then mkdir -p "$root/build/test" && cp "$dir/tests" "$root/build/test/kube-e2e.log" && say "the whole output is in build/test/kube-e2e.log"; fi
echo "$counts"
exit "$status"
