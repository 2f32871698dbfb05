#!/usr/bin/env bash
# ensure-kube.sh: prints a folder with the real programs of Kubernetes that the tests compare with.
#
#   scripts/ensure-kube.sh [--find] [--only NAME[,NAME...]]
#
#   --find   only look; build nothing
#   --only   the programs that are wanted: etcd, kube-apiserver, kube-controller-manager, kubectl (1.32),
#            kubectl-current (1.37, in current/kubectl), kubectl-old (1.20, in old/kubectl), helm, and test-cmd
#            (Kubernetes' shell tests of kubectl 1.32, in test-cmd/); all of them when absent
#
# A program is taken from the folder KUBEBUILDER_ASSETS or from the PATH when it is there (etcd, kube-apiserver and
# kube-controller-manager only: clients come in the versions that the tests name), and otherwise built with Go from
# the modules that test/support/{kube-apiserver,kubectl-current,helm}/go.mod name, and kept in
# ${XDG_CACHE_HOME:-~/.cache}/gleaner/kube. Building all takes about six minutes on two cores, once.
# kubectl-old is unpacked from Debian 12's package kubernetes-client, and not installed; test-cmd is copied out of the module.
# Exit code: 0 and the folder on stdout, or 1 and the reason on stderr.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"
support=$(dirname "$here")/test/support

find=
# What only root can have comes last: the others are there by then.
only=etcd,kube-apiserver,kube-controller-manager,kubectl,kubectl-current,helm,test-cmd,kubectl-old
read_options find only=names -- "$@"
IFS=, read -r -a wanted <<<"$only"

# The Go module and the package of each.
module_of() { case $1 in kubectl-current | helm) echo "$1" ;; *) echo kube-apiserver ;; esac; }
package_of() {
  case $1 in
    etcd) echo go.etcd.io/etcd/server/v3 ;;
    kube-apiserver | kube-controller-manager | kubectl) echo "k8s.io/kubernetes/cmd/$1" ;;
    kubectl-current) echo k8s.io/kubernetes/cmd/kubectl ;;
    helm) echo helm.sh/helm/v3/cmd/helm ;;
    kubectl-old) echo kubernetes-client ;;
    test-cmd) echo k8s.io/kubernetes ;;
    *) fail "there is no program $1 here" -- "See $0 --help." ;;
  esac
}

# What is built depends on the modules: another go.mod is another folder.
key=$({ echo "${KUBEBUILDER_ASSETS:-}"; cat "$support"/{kube-apiserver,kubectl-current,helm}/{go.mod,go.sum}; } | sha256sum | cut -c 1-16)
folder="${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/gleaner/kube/$key"

# elsewhere NAME: the path of a server program that this machine has already.
elsewhere() {
  case $1 in kubectl* | helm | test-cmd) return 1 ;; esac
  if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then [ -x "$KUBEBUILDER_ASSETS/$1" ] && echo "$KUBEBUILDER_ASSETS/$1"; return; fi
  command -v "$1"
}

# file_of NAME: where it is in the folder. A kubectl is called kubectl: it tells the server the name of its file.
file_of() { case $1 in kubectl-*) echo "${1#kubectl-}/kubectl" ;; *) echo "$1" ;; esac; }

missing() {
  local name
  for name in "${wanted[@]}"; do
    package_of "$name" >/dev/null
    [ -x "$folder/$(file_of "$name")" ] || echo "$name"
  done
}

answer() { echo "$folder"; exit 0; }

[ -n "$(missing)" ] || answer
mkdir -p "$folder"/{current,old}
for name in $(missing); do
  if path=$(elsewhere "$name"); then ln -sfn "$path" "$folder/$name"; fi
done
absent=$(missing)
[ -n "$absent" ] || answer
ways=(
  "To build them: install Go 1.26 or newer (https://go.dev/dl), then run $0"
  'To use ready ones: set KUBEBUILDER_ASSETS to a folder with etcd and kube-apiserver, as setup-envtest makes it.'
)
[ -z "$find" ] || fail "not here: $(echo $absent)" -- "${ways[@]}"

with_lock "$GLEANER_STATE_DIR/kube.lock" 1800
unpack_old() {
  local work
  may_apt || fail "kubectl 1.20 comes from Debian's package kubernetes-client, and $(why_not_apt)"
  step "Unpacking kubectl 1.20 from the package kubernetes-client"
  work=$(mktemp -d)
  chmod 755 "$work"
  if [ -z "$(apt-cache policy kubernetes-client 2>/dev/null)" ]; then apt_update "$work/log"; fi
  (cd "$work" && bounded 300 apt-get -q download kubernetes-client >"$work/log" 2>&1 9>&- && dpkg -x kubernetes-client_*.deb unpacked) ||
    { show_end "$work/log"; rm -rf "$work"; fail 'the package kubernetes-client could not be had'; }
  mv "$work/unpacked/usr/bin/kubectl" "$folder/$(file_of kubectl-old)"
  rm -rf "$work"
}

# copy_tests: what the functions of test/cmd read. Not to be run from there: they write into it.
copy_tests() {
  local source part
  have go || fail "not here: $(echo $absent), and there is no go on the PATH to get it" -- "${ways[@]}"
  step 'Copying test/cmd out of the module k8s.io/kubernetes'
  source=$(cd "$support/kube-apiserver" && GOFLAGS=-mod=readonly GOWORK=off bounded 600 go mod download -json k8s.io/kubernetes 9>&- | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",\{0,1\}$/\1/p')
  [ -d "$source" ] || fail 'the module k8s.io/kubernetes could not be had' -- "${ways[@]}"
  rm -rf "$folder/test-cmd.new"
  for part in hack/lib hack/testdata test/cmd test/fixtures/pkg/kubectl test/fixtures/doc-yaml third_party/forked/shell2junit; do
    mkdir -p "$folder/test-cmd.new/${part%/*}"
    cp -R "$source/$part" "$folder/test-cmd.new/$part"
    chmod -R u+w "$folder/test-cmd.new"
  done
  # Modules do not keep which files may be run.
  find "$folder/test-cmd.new/test/fixtures/pkg/kubectl/plugins" -type f -name 'kubectl-*' -exec chmod +x {} +
  mv "$folder/test-cmd.new" "$folder/$(file_of test-cmd)"
}

version_of() { sed -n 's#^\(require \)\{0,1\}[[:space:]]*k8s.io/kubernetes \(v[0-9.]*\)$#\2#p' "$support/$1/go.mod" | head -n 1; }
for name in $(missing); do
  case $name in
    kubectl-old) unpack_old; continue ;;
    test-cmd) copy_tests; continue ;;
  esac
  have go || fail "not here: $(echo $absent), and there is no go on the PATH to build them" -- "${ways[@]}"
  step "Building $name from Go modules"
  module=$support/$(module_of "$name")
  stamp=
  if version=$(version_of "$(module_of "$name")") && [ -n "$version" ]; then
    IFS=. read -r major minor _ <<<"${version#v}"
    for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
      stamp+=" -X $package.gitVersion=$version -X $package.gitMajor=$major -X $package.gitMinor=$minor -X $package.gitTreeState=clean"
    done
  fi
  log=$(mktemp)
  (cd "$module" && CGO_ENABLED=0 GOFLAGS='-mod=readonly -buildvcs=false' GOWORK=off bounded 1500 \
    go build -trimpath -ldflags "-s -w$stamp" -o "$folder/$name.new" "$(package_of "$name")") >"$log" 2>&1 9>&- &
  build=$!
  until ! kill -0 "$build" 2>/dev/null; do
    sleep 1
    if (( SECONDS % 30 == 0 )); then say "... go build of $name still at work"; fi
  done
  if ! wait "$build"; then show_end "$log"; rm -f "$log" "$folder/$name.new"; fail "$name could not be built" -- "${ways[@]}"; fi
  rm -f "$log"
  mv "$folder/$name.new" "$folder/$(file_of "$name")"
  say "$name is in $folder"
done
answer
