#!/usr/bin/env bash
# ensure-s3.sh: prints the path of an S3 server that the tests use: versitygw, over a folder.
#
#   scripts/ensure-s3.sh [--find]
#
#   --find   only look; build nothing
#
# VERSITYGW, when set, is the program that is used. Otherwise it is built with Go from the module that
# test/support/s3/go.mod names, once, and kept in ${XDG_CACHE_HOME:-~/.cache}/gleaner/s3. Building takes about six
# minutes on two busy cores. Exit code: 0 and the path on stdout, or 1 and the reason on stderr.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"
module=$(dirname "$here")/test/support/s3

find=
read_options find -- "$@"

if [ -n "${VERSITYGW:-}" ]; then
  [ -x "$VERSITYGW" ] || fail "VERSITYGW is $VERSITYGW, which is no program" -- 'Unset it to have one built.'
  echo "$VERSITYGW"
  exit 0
fi
key=$(cat "$module/go.mod" "$module/go.sum" | sha256sum | cut -c 1-16)
program="${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/gleaner/s3/$key/versitygw"
[ ! -x "$program" ] || { echo "$program"; exit 0; }
ways=(
  "To build it: install Go 1.25 or newer (https://go.dev/dl), then run $0"
  'To use a ready one: export VERSITYGW=/path/to/versitygw (https://github.com/versity/versitygw)'
)
[ -z "$find" ] || fail 'not here: versitygw' -- "${ways[@]}"
have go || fail 'there is no go on the PATH to build versitygw' -- "${ways[@]}"
with_lock "$GLEANER_STATE_DIR/s3.lock" 1800
if [ ! -x "$program" ]; then
  step 'Building versitygw from Go modules'
  mkdir -p "$(dirname "$program")"
  log=$(mktemp)
  if ! (cd "$module" && CGO_ENABLED=0 GOFLAGS='-mod=readonly -buildvcs=false' GOWORK=off bounded 1500 \
    go build -trimpath -ldflags '-s -w' -o "$program.new" github.com/versity/versitygw/cmd/versitygw) >"$log" 2>&1 9>&-; then
    show_end "$log"
    rm -f "$log" "$program.new"
    fail 'versitygw could not be built' -- "${ways[@]}"
  fi
  rm -f "$log"
  mv "$program.new" "$program"
fi
echo "$program"
