#!/usr/bin/env bash
# build.sh: builds the container image of the control plane into build/image/gleaner.tar.
#
#   deploy/image/build.sh [--from auto|dockerfile|layers] [--out DIR] [--load]
#
#   --from   auto (default): the Dockerfile where a registry has its base image, and otherwise layers: the base layer
#            of the runtime images, this machine's Node.js with its libraries, and the application
#   --out    default build/image in the checkout
#   --load   also load it into the Docker Engine, as gleaner:VERSION
#
# Needs `make build images` before. The image runs `gleaner` as uid 65532; it has no shell history, no npm, no compiler.
# DIR gets gleaner.tar, which every Docker Engine loads, and image.json with its digests. Exit code 0 or 1.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=scripts/lib.sh
. "$root/scripts/lib.sh"

from=auto
out=$root/build/image
load=
read_options from='auto, dockerfile or layers' out='a folder' load -- "$@"
case $from in auto | dockerfile | layers) ;; *) fail "--from is '$from', which is not one of auto, dockerfile, layers" ;; esac
[ -s "$root/build/js/cli/main.js" ] || fail 'the checkout is not built' -- 'Run: make build'
images=${GLEANER_IMAGES_DIR:-$root/build/images}
version=$(node -p 'require(process.argv[1]).version' "$root/package.json")
case $(uname -m) in
  x86_64) arch=amd64 ;;
  aarch64 | arm64) arch=arm64 ;;
  *) fail "the machine is $(uname -m); the image is built for x86_64 and aarch64" ;;
esac

work=$(mktemp -d "${TMPDIR:-/tmp}/gleaner-image.XXXXXX")
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

node "$here/stage.mjs" "$root" "$work/app"

# archive ARGUMENT...: the image's archive and its line.
archive() {
  mkdir -p "$out"
  node "$root/runtime-images/write-archive.mjs" --out "$out/gleaner.tar" --name gleaner --tag "$version" --entrypoint '["gleaner"]' \
    --arch "$arch" "$@" >"$work/image.json"
  mv "$work/image.json" "$out/image.json"
}

from_dockerfile() {
  local base
  base=$(sed -n 's/^FROM \([^ ]*\).*/\1/p' "$here/Dockerfile")
  have docker && bounded 5 docker version >/dev/null 2>&1 || { say 'no Docker Engine answers: no build from the Dockerfile'; return 1; }
  bounded 5 docker image inspect "$base" >/dev/null 2>&1 || bounded 8 docker manifest inspect "$base" >/dev/null 2>&1 ||
    { say "no registry has an answer for $base"; return 1; }
  say 'docker build'
  bounded 600 docker build --quiet --iidfile "$work/id" --file "$here/Dockerfile" "$work" >"$work/log" 2>&1 || { show_end "$work/log"; return 1; }
  mkdir "$work/saved"
  bounded 300 docker save "$(cat "$work/id")" | tar -x -C "$work/saved" || return 1
  archive --built-from dockerfile --saved "$work/saved"
}

# The base layer of the runtime images, this machine's Node.js with the libraries that the base lacks, the application.
from_layers() {
  local node library base tree=$work/tree
  [ -s "$images/shell.tar" ] || fail "there is no $images/shell.tar" -- 'Build the runtime images first: make images'
  mkdir -p "$work/shell" "$tree"/{usr/local/bin,usr/lib,opt,var/lib/gleaner}
  tar -x -C "$work/shell" -f "$images/shell.tar"
  base=$work/shell/$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1]))[0].Layers[0]' "$work/shell/manifest.json")
  node=$(node -p 'require("fs").realpathSync(process.execPath)')
  cp "$node" "$tree/usr/local/bin/node"
  ldd "$node" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | while read -r library; do
    case ${library##*/} in libstdc++.so* | libgcc_s.so* | libatomic.so*) cp -L "$library" "$tree/usr/lib/${library##*/}" ;; esac
  done
  mv "$work/app" "$tree/opt/gleaner"
  ln -s /opt/gleaner/bin/gleaner "$tree/usr/local/bin/gleaner"
  chmod -R u=rwX,go=rX "$tree"
  (cd "$tree" && tar -cf "$work/app.tar" --format=gnu --sort=name --numeric-owner --owner=0 --group=0 --mtime=@1735689600 opt usr/local usr/lib/* &&
    tar -rf "$work/app.tar" --format=gnu --numeric-owner --owner=65532 --group=65532 --mtime=@1735689600 var/lib/gleaner)
  archive --built-from packages --layer "$base" --layer "$work/app.tar" --env LANG=C.UTF-8 --env NODE_ENV=production \
    --run '["gleaner"]' --workdir /var/lib/gleaner --title "gleaner control plane $version"
}

step 'Building the image of the control plane'
if [ "$from" = layers ] || ! from_dockerfile; then
  [ "$from" != dockerfile ] || fail '--from dockerfile: no Docker Engine with a registry answers, or the build failed'
  from_layers
fi
if [ -n "$load" ]; then
  bounded 300 docker load --quiet --input "$out/gleaner.tar" >&2 || fail 'docker load failed'
fi
say "$(node -p 'const i = JSON.parse(require("fs").readFileSync(process.argv[1])); `${i.image.slice(0, 19)}  ${(i.archive.bytes / 2 ** 20).toFixed(0)} MiB  from ${i.builtFrom}`' "$out/image.json")"
echo "$out/gleaner.tar"
