#!/usr/bin/env bash
# The flights example against the server that KUBECONFIG names: cut, upload, apply, wait, put together, bill.
# Uses kubectl when there is one, otherwise gleaner's own apply and wait. Usage: run.sh [PARTS]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
gleaner=${GLEANER:-$here/../../bin/gleaner}
parts=${1:-12}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

node "$here/cut.mjs" "$work/parts" "$parts"
"$gleaner" elements put "$work"/parts/*.json | node "$here/manifest.mjs" >"$work/job.yaml"
if command -v kubectl >/dev/null 2>&1; then
  kubectl apply -f "$work/job.yaml"
  kubectl wait --for=condition=Finished --timeout=10m jobs.gleaner.dev/flights
  kubectl get jobs.gleaner.dev flights
  kubectl get tasks.gleaner.dev
else
  "$gleaner" apply -f "$work/job.yaml"
  "$gleaner" wait --for condition=Finished --timeout 10m job/flights
  "$gleaner" get job flights
  "$gleaner" get tasks
fi
"$gleaner" results job/flights -o "$work/results"
echo
node "$here/combine.mjs" "$work/results" --check "$work/parts"
echo
"$gleaner" bill --job flights
