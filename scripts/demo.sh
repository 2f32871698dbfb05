#!/usr/bin/env bash
# `make demo`: a server and an agent in a temporary folder, real flight records through them, results beside the bill.
# Everything that is started here is stopped at the end; a Docker Engine stays as it was found or was started before.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

demo=$(mktemp -d "${TMPDIR:-/tmp}/gleaner-demo.XXXXXX")
server=
stop() {
  status=$?
  if [[ -n $server ]] && kill -0 "$server" 2>/dev/null; then
    kill -TERM "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  if ((status != 0)); then tail -n 20 "$demo/log" >&2 || true; fi
  rm -rf "$demo"
  exit "$status"
}
trap stop EXIT
trap 'exit 130' INT TERM

step "starting a server and an agent (data in $demo)"
bin/gleaner up --data "$demo/data" --port 0 >"$demo/out" 2>"$demo/log" &
server=$!
for _ in $(seq 600); do
  grep -q '^ready:' "$demo/out" && break
  kill -0 "$server" 2>/dev/null || fail "gleaner up ended early"
  sleep 0.1
done
grep -q '^ready:' "$demo/out" || fail "gleaner up was not ready after 60 s"
grep '^ready:' "$demo/out"
export KUBECONFIG=$demo/data/kubeconfig

step "depositing 10 credits for namespace default"
bin/gleaner deposit 10.00
step "running the flights example"
examples/flights/run.sh 12
echo
bin/gleaner ledger verify
