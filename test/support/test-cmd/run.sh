#!/usr/bin/env bash
# run.sh: runs one function of Kubernetes' test/cmd against a server, with the suite's own helpers, as runTests of legacy-script.sh does.
#
#   KUBE_ROOT=DIR BIN=DIR PORT=N TOKEN=TEXT TMPDIR=DIR run.sh FUNCTION
#
#   KUBE_ROOT  a copy of hack/, test/ and third_party/ of a Kubernetes source tree, which the functions may write in
#   BIN        the folder of the kubectl
#   PORT       of a server on 127.0.0.1; TOKEN is its administrator's
#
# It starts neither etcd nor kube-apiserver. What is not a resource of the server is left out of SUPPORTED_RESOURCES. Exit code: that of FUNCTION.
set -o errexit -o nounset -o pipefail
export TERM=xterm ALLOW_SKEW=y
cd "$KUBE_ROOT"
for part in hack/lib/util.sh hack/lib/logging.sh hack/lib/version.sh hack/lib/test.sh; do
  # shellcheck source=/dev/null
  source "$part"
done
export THIS_PLATFORM_BIN=$BIN SECURE_API_PORT=$PORT KUBE_JUNIT_REPORT_DIR=$TMPDIR/junit
# shellcheck source=/dev/null
source test/cmd/legacy-script.sh >/dev/null
set +o errexit
trap - ERR

KUBE_TEMP=$(mktemp -d "$TMPDIR/kube.XXXXXX")
export KUBE_TEMP HOME=$KUBE_TEMP
unset KUBECONFIG
kube::util::ensure-gnu-sed
CONTEXT=test
kubectl config set-credentials test-admin --token "$TOKEN" >/dev/null
kubectl config set-cluster local --insecure-skip-tls-verify --server "https://127.0.0.1:$PORT" >/dev/null
kubectl config set-context "$CONTEXT" --user test-admin --cluster local >/dev/null
kubectl config use-context "$CONTEXT" >/dev/null

SUPPORTED_RESOURCES=(clusterroles configmaps customresourcedefinitions namespaces podtemplates roles secrets selfsubjectreviews serviceaccounts subjectaccessreviews)
kube_flags=(-s "https://127.0.0.1:$PORT" --insecure-skip-tls-verify)
kube_flags_without_token=("${kube_flags[@]}")
kube_flags_with_token=("${kube_flags[@]}" "--token=$TOKEN")
export SUPPORTED_RESOURCES kube_flags_without_token kube_flags_with_token CONTEXT
# The names of fields, as runTests sets them.
eval "$(sed -n '/export id_field=/,/export image_field1=/p' test/cmd/legacy-script.sh)"

foundError=
record_command "$1"
[ -z "$foundError" ]
