#!/usr/bin/env bash
# verify.sh: loads every runtime image into Docker and checks that it is what index.json says.
#
#   runtime-images/verify.sh [--images DIR] [--keep]
#
#   --images DIR   default $GLEANER_IMAGES_DIR, else build/images in the checkout
#   --keep         leave the images in the engine (those it had before stay in any case)
#
# Checks: the archive's digest and size, the image's Id after `docker load`, that it declares
# no volumes and no entrypoint, and that a program runs in it as the agent would run it: no network, read-only,
# uid 65532, no capabilities. Exit code: 0 all hold, 1 one does not.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/../scripts/lib.sh"

images=${GLEANER_IMAGES_DIR:-$(dirname "$here")/build/images}
keep=
read_options images='a folder' keep -- "$@"
[ -s "$images/index.json" ] || fail "there is no $images/index.json" -- 'Build the images first: make images'
have docker || fail 'there is no docker command'

# One line an image: name, file, element, bytes, image, manifest, entrypoint...
lines=$(node -e '
  for (const i of JSON.parse(require("fs").readFileSync(process.argv[1])))
    console.log([i.name, i.archive.file, i.archive.element, i.archive.bytes, i.image, i.manifest, ...i.entrypoint].join(" "))' "$images/index.json")

# The program of each image: computes, uses the library, sees that it is confined.
# shellcheck disable=SC2016 # the programs' own variables
program_of() {
  case $1 in
    shell) echo 'set -eu; [ "$(id -un)" = task ]; s=$(seq 1 100 | awk "{ t += \$1 } END { print t }"); : | gzip | tar --version >/dev/null
      echo hi >/tmp/f; sed s/hi/yes/ /tmp/f | grep -q yes; find /task | xargs ls >/dev/null; ! (: >/file) 2>/dev/null; sort </dev/null; echo "sum $s"' ;;
    python) echo 'import json, sqlite3, ssl, hashlib, decimal, zoneinfo, ctypes, csv, lzma, bz2, os, datetime, multiprocessing, urllib.request
assert os.getuid() == 65532 and os.getcwd() == "/task"
zoneinfo.ZoneInfo("Europe/Berlin")
try: open("/file", "w"); raise SystemExit("the root file system can be written")
except OSError: pass
print("sum", sum(range(101)))' ;;
    node) echo 'const fs = require("fs"); let ro; try { fs.writeFileSync("/file", "") } catch { ro = true }
      if (!ro || process.getuid() !== 65532 || process.cwd() !== "/task") process.exit(3);
      require("crypto").createHash("sha256"); new Intl.DateTimeFormat("de", { timeZone: "Europe/Berlin" }); fetch.name;
      console.log("sum", Array.from({ length: 101 }, (_, i) => i).reduce((a, b) => a + b))' ;;
    *) fail "verify.sh has no program for the image $1" -- 'Add one to program_of.' ;;
  esac
}
extension_of() { case $1 in python) echo py ;; node) echo js ;; *) echo sh ;; esac; }

work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT

verify_one() {
  local name=$1 file=$2 element=$3 bytes=$4 image=$5 manifest=$6 id had="" found volumes output begun
  shift 6
  [ "$(stat -c %s "$images/$file")" = "$bytes" ] || fail "$name: $file has not the $bytes bytes of the index"
  [ "sha256:$(sha256sum "$images/$file" | cut -d' ' -f1)" = "$element" ] || fail "$name: $file has not the digest $element"
  for id in "$image" "$manifest"; do if bounded 20 docker image inspect "$id" >/dev/null 2>&1; then had=1; fi; done
  begun=$(date +%s%N)
  bounded 300 docker load --quiet --input "$images/$file" >/dev/null || fail "$name: docker load failed"
  local load_ms=$((($(date +%s%N) - begun) / 1000000))
  found=
  for id in "$image" "$manifest"; do
    if [ "$(bounded 20 docker image inspect --format '{{.Id}}' "$id" 2>/dev/null)" = "$id" ]; then found=$id; break; fi
  done
  [ -n "$found" ] || fail "$name: after docker load there is no image with the Id $image"
  volumes=$(bounded 20 docker image inspect --format '{{len .Config.Volumes}} {{len .Config.Entrypoint}}' "$found")
  [ "$volumes" = '0 0' ] || fail "$name: the image declares volumes or an entrypoint ($volumes)"
  program_of "$name" >"$work/main.$(extension_of "$name")"
  begun=$(date +%s%N)
  output=$(bounded 60 docker run --rm --network none --read-only --user 65532:65532 --cap-drop ALL \
    --security-opt no-new-privileges --tmpfs /tmp:noexec,nosuid,nodev --pids-limit 64 --memory 256m \
    --volume "$work:/task/app:ro" "$found" "$@" "/task/app/main.$(extension_of "$name")") ||
    fail "$name: the program ended with exit code $?"
  [ "$output" = 'sum 5050' ] || fail "$name: the program printed '$output', not 'sum 5050'"
  printf 'ok  %-7s %s  load %d ms, run %d ms\n' "$name" "$found" "$load_ms" $((($(date +%s%N) - begun) / 1000000))
  [ -n "$had$keep" ] || bounded 60 docker image rm --force "$found" >/dev/null
}

while read -ra fields; do verify_one "${fields[@]}" </dev/null; done <<<"$lines"
