/** diff with prune, apply by force, of several kinds and over namespaces, the way to the server's apply and back: after diff.sh, apply.sh. */
import { piped, type Command, type Scenario } from '../scenario';

const cm = (name: string, data: Record<string, unknown>, more = ''): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}${more}}\ndata: ${JSON.stringify(data)}\n`;
const inGroup = (name: string, group: boolean, namespace?: string): string => cm(name, { k: name }, `, labels: {prune-group: "${group}"}${namespace === undefined ? '' : `, namespace: ${namespace}`}`);
const PRUNE = '-l prune-group=true --prune-allowlist=core/v1/ConfigMap';

const diffing: Scenario = {
  name: 'diffing',
  files: {
    'v1.yaml': cm('c', { a: '1' }),
    'v2.yaml': cm('c', { a: '2' }),
    'invalid.yaml': cm('Not_Valid', { a: '1' }),
    'typed.yaml': cm('c', { a: 1 }),
    'a.yaml': inGroup('a', true),
    'b.yaml': inGroup('b', true),
    'abc.yaml': [inGroup('a', true), inGroup('b', true), inGroup('c', false)].join('---\n'),
    'ac.yaml': [inGroup('a', true), inGroup('c', false)].join('---\n'),
    'same-names.yaml': `${cm('test', { a: '1' })}---\napiVersion: v1\nkind: Secret\nmetadata: {name: test}\nstringData: {k: v}\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: test}\n`,
  },
  commands: [
    'diff -f FILES/v1.yaml',
    'get configmap c',
    'diff --server-side -f FILES/v1.yaml',
    'get configmap c',
    'apply -f FILES/v1.yaml',
    'diff -f FILES/v1.yaml',
    'diff -f FILES/v2.yaml',
    'diff --server-side -f FILES/v2.yaml',
    'get configmap c -o jsonpath={.data}',
    'diff -f FILES/invalid.yaml',
    'diff --server-side -f FILES/invalid.yaml',
    'diff -f FILES/typed.yaml',
    'diff --server-side -f FILES/typed.yaml',
    'diff -f FILES/absent.yaml',
    'diff',
    { line: 'diff -f FILES/v2.yaml', env: { KUBECTL_EXTERNAL_DIFF: 'false' } },
    'delete -f FILES/v1.yaml',
    'apply --server-side -f FILES/v1.yaml',
    'diff --server-side -f FILES/v1.yaml',
    'diff --server-side -f FILES/v2.yaml --field-manager=someone',
    'diff --server-side -f FILES/v2.yaml --field-manager=someone --force-conflicts',
    'delete -f FILES/v1.yaml',
    'diff -f FILES/same-names.yaml',
    'create namespace k-diffing-b',
    'apply -n k-diffing-b -l prune-group=true -f FILES/a.yaml',
    'diff -n k-diffing-b -l prune-group=true -f FILES/b.yaml',
    `diff -n k-diffing-b --prune ${PRUNE} -f FILES/b.yaml`,
    `apply -n k-diffing-b --prune ${PRUNE} -f FILES/b.yaml`,
    'get configmaps -n k-diffing-b -l prune-group',
    `diff -n k-diffing-b --prune ${PRUNE} -f FILES/b.yaml`,
    'apply -n k-diffing-b -f FILES/abc.yaml',
    'diff -n k-diffing-b -l prune-group=true -f FILES/ac.yaml',
    `diff -n k-diffing-b --prune ${PRUNE} -f FILES/ac.yaml`,
    'diff --prune -f FILES/ac.yaml',
    'delete namespace k-diffing-b',
  ],
};

const CRD = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: pass-widgets.passes.example.com}
spec:
  group: passes.example.com
  scope: Namespaced
  names: {plural: pass-widgets, kind: PassWidget}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`;
const applying: Scenario = {
  name: 'applying',
  files: {
    'secret.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ntype: example.com/one\nstringData: {k: v}\n',
    'secret-2.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ntype: example.com/two\nstringData: {k: v}\n',
    'fixed.yaml': 'apiVersion: stable.example.com/v1\nkind: Widget\nmetadata: {name: f}\nspec: {color: red, fixed: one}\n',
    'fixed-2.yaml': 'apiVersion: stable.example.com/v1\nkind: Widget\nmetadata: {name: f}\nspec: {color: red, fixed: two}\n',
    'immutable.yaml': `${cm('still', { a: '1' })}immutable: true\n`,
    'immutable-2.yaml': `${cm('still', { a: '2' })}immutable: true\n`,
    'two-passes.yaml': `${CRD}---\napiVersion: passes.example.com/v1\nkind: PassWidget\nmetadata: {name: foo}\nkey: value\n`,
    'unknown-kind.yaml': `${cm('foo', { a: '1' })}---\napiVersion: example.org/v1\nkind: Bogus\nmetadata: {name: foo}\n`,
    'with-namespace.yaml': `${cm('inside', { a: '1' }, ', namespace: k-applying-made')}---\napiVersion: v1\nkind: Namespace\nmetadata: {name: k-applying-made}\n`,
    'one-is-bad.yaml': [cm('map-a', {}), cm('MAP-B', {}), cm('map-c', {})].join('---\n'),
    'prune-a.yaml': inGroup('a', true, 'k-applying'),
    'prune-b.yaml': inGroup('b', true, 'k-applying-b'),
    'chosen.yaml': [cm('chosen', {}, ', labels: {unique-label: bingbang}'), cm('not-chosen', {})].join('---\n'),
    'null.yaml': cm('nulls', { a: null, b: '1' }),
    'last.yaml': cm('last', { a: '1' }),
    'last-2.yaml': cm('last', { a: '2' }),
    'mix.yaml': 'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: mixed}}\n- {apiVersion: v1, kind: Secret, metadata: {name: mixed}}\n',
  },
  commands: [
    // Fields that do not change.
    'apply -f FILES/secret.yaml',
    'apply -f FILES/secret-2.yaml',
    'apply -f FILES/secret-2.yaml --force',
    'get secret s -o jsonpath={.type}',
    'apply -f FILES/fixed.yaml',
    'apply -f FILES/fixed-2.yaml',
    'apply -f FILES/fixed-2.yaml --force --dry-run=server',
    'apply -f FILES/fixed-2.yaml --force',
    'get widget f -o jsonpath={.spec.fixed}',
    'apply -f FILES/immutable.yaml',
    'apply -f FILES/immutable-2.yaml',
    'apply -f FILES/immutable-2.yaml --force',
    'get configmap still -o jsonpath={.data}',
    // Several objects, of which some cannot be made yet, or at all.
    'apply -f FILES/two-passes.yaml',
    'wait --timeout=20s --for=condition=Established=true crd/pass-widgets.passes.example.com',
    { line: 'get pass-widgets', settles: true },
    'apply -f FILES/two-passes.yaml',
    'get pass-widget foo -o jsonpath={.key}',
    'delete pass-widget foo',
    'delete crd pass-widgets.passes.example.com',
    'apply -f FILES/unknown-kind.yaml',
    'get configmap foo -o name',
    'apply -f FILES/with-namespace.yaml',
    'get configmap inside -n k-applying-made',
    'apply -f FILES/with-namespace.yaml',
    'delete -f FILES/with-namespace.yaml',
    'apply -f FILES/one-is-bad.yaml',
    'get configmaps map-a map-c -o name',
    'apply -f FILES/mix.yaml',
    'apply -f FILES/mix.yaml',
    'apply -l unique-label=bingbang -f FILES/chosen.yaml',
    'get configmap not-chosen',
    'apply -f FILES/null.yaml',
    'apply -f FILES/null.yaml',
    'get configmap nulls -o jsonpath={.data}',
    // Prune over namespaces: what other files of the group made goes, in the namespaces that are seen.
    'create namespace k-applying-b',
    `apply -l prune-group=true -f FILES/prune-a.yaml`,
    `apply -n k-applying-b --prune ${PRUNE} -f FILES/prune-b.yaml`,
    'get configmaps -A -l prune-group=true',
    `apply --prune ${PRUNE} -f FILES/prune-a.yaml`,
    `apply --prune ${PRUNE} -f FILES/prune-b.yaml --namespace=k-applying`,
    'get configmaps -A -l prune-group=true',
    'apply --prune --all --prune-allowlist=core/v1/Nothing -f FILES/prune-a.yaml',
    'apply --prune -f FILES/prune-a.yaml',
    'apply --prune --all -l prune-group=true -f FILES/prune-a.yaml',
    'delete namespace k-applying-b',
    // What was applied last.
    'create -f FILES/last.yaml',
    'apply set-last-applied -f FILES/last.yaml',
    'apply set-last-applied -f FILES/last.yaml --create-annotation=true --dry-run=client',
    'apply set-last-applied -f FILES/last.yaml --create-annotation=true --dry-run=server',
    'apply view-last-applied configmap/last',
    'apply set-last-applied -f FILES/last.yaml --create-annotation=true',
    'apply set-last-applied -f FILES/last-2.yaml --dry-run=server -o yaml',
    'apply view-last-applied configmap/last -o json',
    'apply set-last-applied -f FILES/last-2.yaml',
    'apply view-last-applied -f FILES/last.yaml',
    'apply view-last-applied configmap/absent',
  ],
};

const client = (data: Record<string, string>, ...more: string[]): Command => piped(`apply --server-side=false -f - ${more.join(' ')}`.trim(), cm('test', data));
const server = (data: Record<string, string>, ...more: string[]): Command => piped(`apply --server-side -f - ${more.join(' ')}`.trim(), cm('test', data));
const SHOW = 'get configmap test -o json --show-managed-fields';

const migrating: Scenario = {
  name: 'migrating',
  commands: [
    client({ key: 'value', legacy: 'unused' }),
    SHOW,
    server({ key: 'value', legacy: 'unused' }),
    SHOW,
    server({ key: 'value', ssaKey: 'ssaValue' }),
    SHOW,
    client({ key: 'value', newKey: 'newValue' }),
    SHOW,
    server({ key: 'value', ssaKey: 'ssaValue' }),
    SHOW,
    piped('diff --server-side -f -', cm('test', { key: 'value', newKey: 'newValue' }, ', annotations: {newAnnotation: newValue}')),
    'delete configmap test',
    // A field manager of one's own is no hindrance.
    client({ key: 'value1', legacy: 'value2' }, '--field-manager=myfm'),
    SHOW,
    server({ key: 'value1', legacy: 'value2' }, '--field-manager=myfm'),
    SHOW,
    server({ key: 'value2' }, '--field-manager=myfm'),
    SHOW,
    'apply view-last-applied configmap/test',
    client({ key: 'value3' }, '--field-manager=myfm'),
    SHOW,
    server({ key: 'value4' }, '--field-manager=another'),
    server({ key: 'value4' }, '--field-manager=another', '--force-conflicts'),
    SHOW,
    'delete configmap test',
    // Nobody applied it: what it has is not taken away.
    'create configmap test --from-literal=key=value --from-literal=kept=yes',
    server({ key: 'value' }),
    server({ key: 'other' }),
    server({ key: 'other' }, '--force-conflicts'),
    SHOW,
  ],
};

/** Pruning by what was applied together before: no list of kinds is asked for. */
const inSet = (line: string): Command => ({ line, env: { KUBECTL_APPLYSET: 'true' } });
const applySets: Scenario = {
  name: 'apply-sets',
  files: {
    'both.yaml': `${cm('a', { k: 'v' })}---\napiVersion: v1\nkind: Secret\nmetadata: {name: b}\nstringData: {k: v}\n`,
    'one.yaml': cm('a', { k: 'v' }),
    'other.yaml': cm('c', { k: 'v' }),
  },
  commands: [
    ...['configmap/set', 'secret/set'].flatMap((set) => [
      inSet(`apply --prune --applyset=${set} -f FILES/both.yaml --dry-run=server`),
      inSet(`apply --prune --applyset=${set} -f FILES/both.yaml`),
      inSet(`apply --prune --applyset=${set} -f FILES/one.yaml`),
      `get ${set} -o jsonpath={.metadata.annotations}`,
      'get configmaps,secrets -o name',
      inSet(`apply --server-side --prune --applyset=${set} -f FILES/other.yaml`),
      'get configmaps,secrets -o name',
      `delete ${set} configmap/c`,
    ]),
    inSet('apply --prune --applyset=serviceaccounts/set -f FILES/one.yaml'),
    'apply --prune --applyset=configmap/set -f FILES/one.yaml',
  ],
};

export const APPLYING_SCENARIOS: readonly Scenario[] = [diffing, applying, migrating, applySets];
