/** The edits of the scripts; see stand-ins.ts. */
import { CRON_JOBS, DEPLOYMENTS } from './custom-stand-ins';

export interface Edit {
  file: string;
  /** From the first text up to, not including, the second one. */
  cuts?: readonly (readonly [from: string, to: string])[];
  replacements?: readonly (readonly [what: string | RegExp, by: string])[];
}

const PODS = [/\bpods\b/g, 'podtemplates'] as const;
const POD = [/(?<=[ '"])pod (?=[a-z$"'-])/g, 'podtemplate '] as const;
const ONE_POD = [/(?<=[ '])pod\//g, 'podtemplate/'] as const;
const KUSTOMIZED = [[/deployment (?=test-the)/g, 'podtemplate '], [/service (?=test-the)/g, 'secret ']] as const;
const NO_LIST_OF_DEPLOYMENTS = [/ *kube::test::get_object_assert (?:deployment|services) .*\n/g, ''] as const;
const ALLOWED = '--prune --prune-allowlist=core/v1/PodTemplate --prune-allowlist=core/v1/ConfigMap --prune-allowlist=core/v1/Secret';

export const EDITS: readonly Edit[] = [
  {
    file: 'test/cmd/apply.sh',
    cuts: [
      // Deployments: their defaults, retainKeys.
      ['  ## kubectl apply should be able to clear defaulted fields.', '  ## kubectl apply -f with label selector should only'],
      ['  # hard.limits.cpu should be nil.', '  # cleanup\n  kubectl delete deployment my-dep-null'],
      ['  kubectl delete resourcequota my-rq\n', '\n  ## kubectl apply --dry-run=server'],
      // PodTemplates have no status.
      ['  # can add pod condition', '  # Clean up\n  kubectl delete pods test-pod "${kube_flags[@]:?}"\n\n  ## kubectl apply --dry-run=server'],
    ],
    replacements: [
      [/--prune(?= (?:-l|-f|--all))(?!.*(?:prune-allowlist|testdata\/prune 2))/g, ALLOWED],
      PODS, POD, ONE_POD, ...KUSTOMIZED,
      [/pvc (?=[ab]-pvc)/g, 'configmap '],
      ['deployment/my-dep-null', 'podtemplate/my-dep-null'], ['delete deployment my-dep-null', 'delete podtemplate my-dep-null'], ['.spec.template.spec', '.template.spec'],
      ['--prune-allowlist core/v1/Service', '--prune-allowlist core/v1/Secret'], ["'service prune-svc'", "'secret prune-svc'"], ['delete svc prune-svc', 'delete secret prune-svc'],
      [/kube::test::get_object_assert services .*\n/g, ''],
      [/'services a' "\{\{\.spec\.clusterIP\}\}" '10.0.0.12'/g, '\'secrets a\' "{{.type}}" \'example.com/other\''], ["'services a'", "'secrets a'"], ['may not change once set', 'field is immutable'],
      ['The Pod "POD-B"', 'The PodTemplate "POD-B"'],
      ['get_object_assert crds "', 'get_object_assert "crds --field-selector=metadata.name=widgets.example.com" "'],
    ],
  },
  {
    file: 'test/cmd/diff.sh',
    replacements: [
      ['kind: Pod\n', 'kind: PodTemplate\n'],
      [/^spec:\n {2}containers:\n( +- name: kubernetes-pause)\n( +image: .*)$/gm, 'template:\n  spec:\n    containers:\n    - name: kubernetes-pause\n      image: registry.k8s.io/pause:3.10'],
      [/--prune(?= (?:-l|--namespace))/g, ALLOWED],
      PODS, POD, ["'pod'", 'podtemplates'], ['v1\\.Pod\\.', 'v1\\.PodTemplate\\.'],
      [/.*apps.*Deployment.*\n/g, ''],
    ],
  },
  // `kubectl run`, `expose` and `autoscale` make Pods, Services and what scales Deployments.
  { file: 'test/cmd/save-config.sh', cuts: [['  ## 4. kubectl run --save-config', '  set +o nounset']], replacements: [PODS, POD] },
  { file: 'test/cmd/request-timeout.sh', replacements: [PODS, POD] },
  {
    file: 'test/cmd/create.sh',
    replacements: [NO_LIST_OF_DEPLOYMENTS, PODS, ...KUSTOMIZED, ['deployment.apps/invalid-nginx', 'podtemplate/invalid-nginx'], ['delete deployment invalid', 'delete podtemplate invalid']],
  },
  {
    file: 'hack/testdata/invalid-deployment-unknown-and-duplicate-fields.yaml',
    replacements: [
      ['apiVersion: apps/v1\nkind: Deployment', 'apiVersion: v1\nkind: PodTemplate'],
      [/spec:\n {2}replicas: 3\n {2}replicas: 4\n {2}foo: bar\n {2}baz: baq\n[\s\S]*$/g, 'foo: bar\nfoo: baq\ntemplate:\n  spec:\n    containers:\n    - name: nginx\n      image: nginx:1.14.2\n      image: nginx:1.14.3\n'],
    ],
  },
  {
    file: 'test/cmd/get.sh',
    cuts: [
      ['  ### Test kubectl get all\n', '  ### Test kubectl get chunk size\n'],
      ['  ## check --subresource=status works', '   ## check --subresource=scale'],
      ['  ### Verify flag all-namespaces is ignored for rootScoped', '  set +o nounset\n  set +o errexit\n}\n\n\nrun_deprecated'],
    ],
    replacements: [
      NO_LIST_OF_DEPLOYMENTS, [/(?<!sorted-)\bpods\b/g, 'podtemplates'], POD, ONE_POD, [/(?<![a-z])(\.?)spec\.containers/g, '$1template.spec.containers'],
      ["'STATUS'", "'CONTAINERS'"],
      // Their controllers put nothing into a new namespace.
      ['get_object_assert configmaps "', 'get_object_assert "configmaps --field-selector=metadata.name!=kube-root-ca.crt" "'],
      // A Table of them is small, also on a kube-apiserver: their suite has this function, and does not call it.
      [/get configmaps (?=(?:--disable-compression=true )?--v=8)/g, 'get configmaps -o json '],
    ],
  },
  // Quotas are not served.
  {
    file: 'test/cmd/core.sh',
    cuts: [['  ### Quota\n', '  ######################\n  # Pods in Namespaces #']],
    replacements: [['  if kube::test::if_supports_resource "${pods:?}" ; then\n    ### Create a new namespace', '  if true; then\n    ### Create a new namespace'], [/pods (?=--namespace=other|-n other)/g, 'podtemplates '], [/pod (?=valid-pod --all|--namespace=other)/g, 'podtemplate ']],
  },
  { file: 'test/cmd/discovery.sh', replacements: [['  kubectl explain cronjob\n', '  kubectl explain podtemplates\n']] },
  { file: 'test/cmd/proxy.sh', replacements: [['/apis/apps/', '/apis/events.k8s.io/']] },
  {
    file: 'test/cmd/rbac.sh',
    replacements: [
      ['replicasets.apps/scale', 'leases.coordination.k8s.io/scale'], ['replicasets/scale:', 'leases/scale:'],
      ['deployments.apps', 'leases.coordination.k8s.io'], ['deployments:', 'leases:'], [":apps:'", ":coordination.k8s.io:'"], ["'apps:'", "'coordination.k8s.io:'"],
    ],
  },
  {
    file: 'test/cmd/template-output.sh',
    cuts: [
      ['  # check that autoscale command', '  # check that run command'], ['  # check that taint command', '  # check that "auth reconcile"'],
      ['  # check that "create deployment" command', '  # check that "create namespace" command'], ['  # check that "set env" command', '  # check that "set selector" command'],
      ['  # check that "set serviceaccount" command', '  # check that "set subject" command'], ['  # check that "rollout pause"', '  # check that "config view" command'],
      ['  kubectl delete cronjob pi', '  kubectl delete pods --all'], ['  kubectl delete rc cassandra', '  kubectl delete clusterrole myc'], ['  kubectl delete deployment deploy', '\n  set +o nounset'],
    ],
    replacements: [PODS],
  },
  // CertificateSigningRequests are not served: who one is, is asked in another way.
  {
    file: 'test/cmd/kubeconfig.sh',
    cuts: [['  kubectl create -f hack/testdata/csr.yml', '  output_message=$(! kubectl get pods --kubeconfig "${TMPDIR:-/tmp}"/impersonateconfig.yaml']],
    replacements: [[
      '  output_message=$(! kubectl get pods --kubeconfig',
      `  output_message=$(kubectl auth whoami -o jsonpath='{.status.userInfo.username},{.status.userInfo.uid},{.status.userInfo.groups[*]},{.status.userInfo.extra.foo[*]}' --kubeconfig "\${TMPDIR:-/tmp}"/impersonateconfig.yaml --user admin-as-userb)
  kube::test::if_has_string "\${output_message}" '^userb,abc123,group2 group1 system:authenticated,bar baz$'
  output_message=$(! kubectl get pods --kubeconfig`,
    ]],
  },
  {
    file: 'test/cmd/authentication.sh',
    // CertificateSigningRequests are not served.
    cuts: [['  ### Provided --client-certificate/--client-key should take precedence on the cli', '  rm "${TMPDIR:-/tmp}"/invalid_exec_plugin.yaml\n  rm "${TMPDIR:-/tmp}"/valid_exec_plugin.yaml']],
    replacements: [
      ['set env deployment/some-deployment -', 'set env podtemplate/some -'],
      // By the name of their CA.
      ['  kube::util::test_client_certificate_authentication_enabled\n', ''],
      // Their server knows nobody without credentials.
      ['"${output4}" =~ "Unauthorized"', '"${output4}" =~ "User \\"system:anonymous\\" cannot get"'],
    ],
  },
  { file: 'test/cmd/generic-resources.sh', replacements: [['delete service/list-service-test deployment/list-deployment-test', 'delete secret/list-service-test podtemplate/list-deployment-test']] },
  CRON_JOBS,
  DEPLOYMENTS,
];
