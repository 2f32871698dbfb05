#!/usr/bin/env bash
# build.sh: builds the runtime images into archives, with an index of their digests.
#
#   runtime-images/build.sh [--from auto|dockerfile|packages] [--refresh] [--out DIR]
#
#   --from       auto (default): the Dockerfiles where a registry answers, and otherwise
#                Debian's packages, which needs neither a registry, a Docker Engine nor root
#   --refresh    build again, with today's packages, although nothing of ours has changed
#   --out DIR    default $GLEANER_IMAGES_DIR, else build/images in the checkout
#
# DIR gets <name>.tar for each image of images.conf and index.json, which is written last.
# Nothing is done when DIR is up to date. What was built for the same inputs on this
# machine is taken from ${XDG_CACHE_HOME:-~/.cache}/gleaner/images. Two builds at once
# wait for each other. Exit code 0 or 1.

# shellcheck disable=SC2016 # the programs in single quotes are JavaScript
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/../scripts/lib.sh"

from=auto
refresh=
out=${GLEANER_IMAGES_DIR:-$(dirname "$here")/build/images}
while [ $# -gt 0 ]; do
  case $1 in
    --from) from=${2:?--from needs auto, dockerfile or packages}; shift ;;
    --out) out=${2:?--out needs a folder}; shift ;;
    --refresh) refresh=1 ;;
    -h | --help) help_of "$0"; exit 0 ;;
    *) fail "unknown argument $1" -- "See $0 --help." ;;
  esac
  shift
done
case $from in auto | dockerfile | packages) ;; *) fail "--from is '$from', which is not one of auto, dockerfile, packages" ;; esac
have node || fail 'node is not on the PATH' -- 'Install Node.js 20.19 or later first (scripts/ensure-node.sh says how).'

case $(uname -m) in
  x86_64) arch=amd64 ;;
  aarch64 | arm64) arch=arm64 ;;
  *) fail "the machine is $(uname -m); runtime images are built for x86_64 and aarch64" ;;
esac

# Every file that decides what comes out.
inputs=$({
  echo "$from $arch"
  cd "$here"
  sha256sum build.sh from-packages.sh write-archive.mjs images.conf ./*/Dockerfile
} | sha256sum | cut -c1-32)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/gleaner/images/$inputs

# whole DIR: are all archives of DIR's index there, with the digests that it says?
whole() {
  [ -s "$1/index.json" ] && [ "$(cat "$1/inputs" 2>/dev/null)" = "$inputs" ] && node -e '
    for (const { archive } of JSON.parse(require("fs").readFileSync(process.argv[1])))
      console.log(`${archive.element.slice(7)}  ${archive.file}`)' "$1/index.json" 2>/dev/null |
    (cd "$1" && sha256sum --check --status --strict 2>/dev/null)
}

# publish FROM TO: archives first, the index last, each by a rename: who reads sees old or new.
publish() {
  local file
  mkdir -p "$2"
  for file in "$1"/*.tar "$1/inputs" "$1/index.json"; do
    rm -f "$2/.${file##*/}.part"
    ln "$file" "$2/.${file##*/}.part" 2>/dev/null || cp "$file" "$2/.${file##*/}.part"
    mv -f "$2/.${file##*/}.part" "$2/${file##*/}"
  done
}

report() {
  node -e '
    for (const i of JSON.parse(require("fs").readFileSync(process.argv[1])))
      console.error(`  ${i.name.padEnd(8)} ${i.image.slice(0, 19)}  ${(i.archive.bytes / 2 ** 20).toFixed(0).padStart(4)} MiB  from ${i.builtFrom}`)' "$1/index.json"
}

if [ -z "$refresh" ] && whole "$out"; then say "runtime images are up to date in $out"; exit 0; fi
with_lock "$(dirname "$cache")/lock" 1800
if [ -z "$refresh" ] && whole "$cache"; then
  publish "$cache" "$out"
  say "runtime images taken from this machine's cache into $out"
  report "$out"
  exit 0
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/gleaner-images.XXXXXX")
chmod 755 "$work" # apt downloads as a user of its own
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
mkdir "$work/done"

base_image=$(sed -n 's/^FROM \([^ ]*\).*/\1/p' "$here/shell/Dockerfile")
registry_answers() {
  have docker || { say 'no docker command: no build from Dockerfiles'; return 1; }
  bounded 5 docker version >/dev/null 2>&1 || { say 'no Docker Engine answers: no build from Dockerfiles'; return 1; }
  bounded 5 docker image inspect "$base_image" >/dev/null 2>&1 && return 0
  bounded 8 docker manifest inspect "$base_image" >/dev/null 2>&1 && return 0
  say "no registry has an answer for $base_image"
  return 1
}

# each_image COMMAND: calls it with name, entrypoint, packages, environment of every image.
each_image() {
  local name entrypoint packages env
  while IFS='|' read -r name entrypoint packages env; do
    name=${name// /}
    if [ -z "$name" ] || [[ $name == \#* ]]; then continue; fi
    "$1" "$name" "$entrypoint" "$packages" "$env" </dev/null || return 1
  done <"$here/images.conf"
}

# archive NAME ENTRYPOINT BUILT_FROM ARGUMENT...: one line of the index
archive() {
  local name=$1 entrypoint=$2 built_from=$3
  shift 3
  node "$here/write-archive.mjs" --out "$work/done/$name.tar" --name "$name" --entrypoint "$entrypoint" \
    --arch "$arch" --built-from "$built_from" "$@" >>"$work/lines"
}

from_dockerfile() {
  local id_file=$work/$1.id saved=$work/$1.saved status=0
  say "docker build $1"
  bounded 600 docker build --quiet --iidfile "$id_file" "$here/$1" >"$work/$1.log" 2>&1 ||
    { show_end "$work/$1.log"; return 1; }
  mkdir "$saved"
  bounded 300 docker save "$(cat "$id_file")" | tar -x -C "$saved" || status=1
  bounded 60 docker image rm "$(cat "$id_file")" >/dev/null 2>&1 || true
  [ $status = 0 ] && archive "$1" "$2" dockerfile --saved "$saved" && rm -rf "$saved"
}

from_layers() {
  local variables=() arguments=(--layer "$work/layers/base.tar") variable
  [ ! -e "$work/layers/$1.tar" ] || arguments+=(--layer "$work/layers/$1.tar")
  read -ra variables <<<"$4"
  for variable in "${variables[@]}"; do arguments+=(--env "$variable"); done
  archive "$1" "$2" packages "${arguments[@]}"
}

step 'Building the runtime images'
built=
: >"$work/lines"
if [ "$from" != packages ] && registry_answers; then
  if each_image from_dockerfile; then built=1
  else
    [ "$from" = auto ] || fail 'the build from Dockerfiles failed'
    say 'the build from Dockerfiles failed: going on with packages'
    rm -f "$work/done"/*; : >"$work/lines"
  fi
fi
if [ -z "$built" ]; then
  [ "$from" != dockerfile ] || fail '--from dockerfile: no Docker Engine with a registry answers'
  for tool in apt-get dpkg-deb tar; do
    have "$tool" || fail "no registry answers, and there is no $tool to build the images from Debian's packages" -- \
      'Give Docker a registry, or copy build/images from a machine that has built them.'
  done
  bash "$here/from-packages.sh" "$work"
  each_image from_layers
fi
node -e '
  const lines = require("fs").readFileSync(process.argv[1], "utf8").trim().split("\n").map((l) => JSON.parse(l));
  process.stdout.write(JSON.stringify(lines, null, 2) + "\n")' "$work/lines" >"$work/done/index.json"
echo "$inputs" >"$work/done/inputs"
publish "$work/done" "$cache"
touch "$cache"
# The cache keeps the four newest builds.
find "$(dirname "$cache")" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %p\n' | sort -rn | tail -n +5 | cut -d' ' -f2- |
  while read -r old; do rm -rf "$old"; done
publish "$cache" "$out"
report "$out"
say "runtime images are in $out, built in $SECONDS s"
