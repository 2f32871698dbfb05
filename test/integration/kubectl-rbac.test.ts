/** Roles and bindings through stock kubectl: the scenarios of Kubernetes' own shell tests, with kinds that are served here. */
import { eventually } from '../support/kubectl';
import { nextNamespace, sharedKubectl } from '../support/shared-server';

const { server, k } = sharedKubectl();
let ns: string;

beforeEach(async () => {
  ({ ns } = await nextNamespace(server));
});

const args = (line: string): string[] => ['-n', ns, ...line.split(' ')];
const ok = (line: string): Promise<string> => k.ok(args(line));
const fails = (line: string): Promise<string> => k.fails(args(line));
const template = (what: string, text: string): Promise<string> => k.ok(['-n', ns, 'get', ...what.split(' '), '-o', `go-template=${text}`]);
const rules = (what: string, field: string): Promise<string> => template(what, `{{range.rules}}{{range.${field}}}{{.}}:{{end}}{{end}}`);
const subjects = (what: string, field = 'name'): Promise<string> => template(what, `{{range.subjects}}{{.${field}}}:{{end}}`);

describe('cluster roles', () => {
  test('the server comes with the usual ones', async () => {
    for (const name of ['cluster-admin', 'admin', 'edit', 'view', 'system:discovery', 'system:basic-user', 'system:public-info-viewer', 'gleaner-issuer', 'gleaner-operator', 'gleaner-viewer']) {
      expect(await template(`clusterroles/${name}`, '{{.metadata.name}}')).toBe(name);
    }
    expect(await template('clusterrolebindings/cluster-admin', '{{.metadata.name}} {{.roleRef.name}}')).toBe('cluster-admin cluster-admin');
  });

  test('create, in dry runs and for good', async () => {
    expect(await fails('get clusterrole secret-admin')).toContain('clusterroles.rbac.authorization.k8s.io "secret-admin" not found');
    for (const how of ['client', 'server']) await ok(`create clusterrole secret-admin --dry-run=${how} --verb=* --resource=secrets`);
    expect(await fails('get clusterrole secret-admin')).toContain('not found');
    await ok('create clusterrole secret-admin --verb=* --resource=secrets');
    expect([await rules('clusterrole/secret-admin', 'verbs'), await rules('clusterrole/secret-admin', 'resources'), await rules('clusterrole/secret-admin', 'apiGroups')]).toEqual(['*:', 'secrets:', ':']);
    const deleted = await k.run(args('delete clusterrole secret-admin'));
    expect(deleted.stdout + deleted.stderr).toMatch(/Warning: deleting cluster-scoped resources[^]*clusterrole\.rbac\.authorization\.k8s\.io "secret-admin" deleted|clusterrole\.rbac\.authorization\.k8s\.io "secret-admin" deleted[^]*Warning: deleting cluster-scoped resources/);

    await ok('create clusterrole resource-reader --verb=get,list --resource=secrets,jobs.gleaner.dev');
    expect([await rules('clusterrole/resource-reader', 'verbs'), await rules('clusterrole/resource-reader', 'resources'), await rules('clusterrole/resource-reader', 'apiGroups')])
      .toEqual(['get:list:get:list:', 'secrets:jobs:', ':gleaner.dev:']);
    await ok('create clusterrole resourcename-reader --verb=get,list --resource=secrets --resource-name=foo');
    expect(await rules('clusterrole/resourcename-reader', 'resourceNames')).toBe('foo:');
    await ok('create clusterrole url-reader --verb=get --non-resource-url=/logs/* --non-resource-url=/healthz/*');
    expect([await rules('clusterrole/url-reader', 'verbs'), await rules('clusterrole/url-reader', 'nonResourceURLs')]).toEqual(['get:', '/logs/*:/healthz/*:']);
    await ok('create clusterrole aggregation-reader --aggregation-rule=foo1=foo2');
    expect(await template('clusterrole/aggregation-reader', '{{.metadata.name}}')).toBe('aggregation-reader');
  });

  test('get shows when, describe what', async () => {
    await ok('create clusterrole shown --verb=get,list --resource=secrets');
    expect(await ok('get clusterrole shown')).toMatch(/^NAME +CREATED AT\nshown +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$/);
    expect(await ok('describe clusterrole shown')).toMatch(/Name: +shown[^]*secrets +\[\] +\[\] +\[get list\]/);
  });

  test('rules are gathered by label, and follow what is gathered', async () => {
    await ok('create clusterrole whole --aggregation-rule=part-of=whole');
    await ok('create clusterrole part --verb=get --resource=secrets');
    expect(await rules('clusterrole/whole', 'resources')).toBe('');
    await ok('label clusterrole part part-of=whole');
    await eventually(() => 'the rules are gathered', async () => (await rules('clusterrole/whole', 'resources')) === 'secrets:');
    await ok('delete clusterrole part');
    await eventually(() => 'the rules are gone', async () => (await rules('clusterrole/whole', 'resources')) === '');
  });
});

describe('cluster role bindings', () => {
  const cases: [string, string, string, string, string][] = [
    ['super-admin', '--user=super-admin', 'super-admin:', '--user=foo', 'super-admin:foo:'],
    ['super-group', '--group=the-group', 'the-group:', '--group=foo', 'the-group:foo:'],
    ['super-sa', '--serviceaccount=otherns:sa-name', 'sa-name:', '--serviceaccount=otherfoo:foo', 'sa-name:foo:'],
  ];
  test.each(cases)('%s', async (name, first, before, more, after) => {
    for (const how of ['client', 'server']) await ok(`create clusterrolebinding ${name} --dry-run=${how} --clusterrole=admin ${first}`);
    expect(await fails(`get clusterrolebinding ${name}`)).toContain(`clusterrolebindings.rbac.authorization.k8s.io "${name}" not found`);
    await ok(`create clusterrolebinding ${name} --clusterrole=admin ${first}`);
    expect(await subjects(`clusterrolebinding/${name}`)).toBe(before);
    for (const how of ['client', 'server']) await ok(`set subject --dry-run=${how} clusterrolebinding ${name} ${more}`);
    expect(await subjects(`clusterrolebinding/${name}`)).toBe(before);
    await ok(`set subject clusterrolebinding ${name} ${more}`);
    expect(await subjects(`clusterrolebinding/${name}`)).toBe(after);
  });

  test('for all at once', async () => {
    await ok('create clusterrolebinding multi-users --clusterrole=admin --user=user-1 --user=user-2');
    await ok('create clusterrolebinding multi-groups --clusterrole=admin --group=group-1 --group=group-2');
    await ok('set subject clusterrolebinding multi-users multi-groups --user=test-all-user');
    expect([await subjects('clusterrolebinding/multi-users'), await subjects('clusterrolebinding/multi-groups')]).toEqual(['user-1:user-2:test-all-user:', 'group-1:group-2:test-all-user:']);
  });

  test('wide shows whom', async () => {
    await ok('create clusterrolebinding wide --clusterrole=view --user=u1 --user=u2 --group=g --serviceaccount=a:b');
    expect(await ok('get clusterrolebinding wide -o wide')).toMatch(/^NAME +ROLE +AGE +USERS +GROUPS +SERVICEACCOUNTS\nwide +ClusterRole\/view +\d+s +u1, u2 +g +a\/b *\n$/);
    expect(await ok('describe clusterrolebinding wide')).toMatch(/Role:\n +Kind: +ClusterRole\n +Name: +view[^]*ServiceAccount +b +a/);
  });
});

describe('roles and role bindings', () => {
  test('a role of resources, groups, subresources and names', async () => {
    for (const how of ['client', 'server']) await ok(`create role secret-admin --dry-run=${how} --verb=* --resource=secrets`);
    expect(await fails('get role/secret-admin')).toContain('not found');
    await ok('create role secret-admin --verb=* --resource=secrets');
    expect([await rules('role/secret-admin', 'verbs'), await rules('role/secret-admin', 'resources'), await rules('role/secret-admin', 'apiGroups')]).toEqual(['*:', 'secrets:', ':']);
    expect(await fails('create role invalid --verb=* --resource=invalid-resource')).toContain('the server doesn\'t have a resource type "invalid-resource"');
    await ok('create role group-reader --verb=get,list --resource=jobs.gleaner.dev');
    expect([await rules('role/group-reader', 'resources'), await rules('role/group-reader', 'apiGroups')]).toEqual(['jobs:', 'gleaner.dev:']);
    expect(await fails('create role invalid --verb=get,list --resource=jobs.invalid-group')).toContain('the server doesn\'t have a resource type "jobs" in group "invalid-group"');
    await ok('create role subresource-reader --verb=get,list --resource=namespaces/status');
    expect(await rules('role/subresource-reader', 'resources')).toBe('namespaces/status:');
    await ok('create role group-subresource-reader --verb=get,list --resource=jobs.gleaner.dev/scale');
    expect([await rules('role/group-subresource-reader', 'resources'), await rules('role/group-subresource-reader', 'apiGroups')]).toEqual(['jobs/scale:', 'gleaner.dev:']);
    await ok('create role resourcename-reader --verb=get,list --resource=secrets --resource-name=foo');
    expect(await rules('role/resourcename-reader', 'resourceNames')).toBe('foo:');
    await ok('create role resource-reader --verb=get,list --resource=namespaces/status,jobs.gleaner.dev');
    expect([await rules('role/resource-reader', 'resources'), await rules('role/resource-reader', 'apiGroups')]).toEqual(['namespaces/status:jobs:', ':gleaner.dev:']);
  });

  test('bindings to roles and cluster roles, of users, groups and accounts', async () => {
    await ok('create rolebinding admin --clusterrole=admin --user=default-admin');
    expect([await template('rolebinding/admin', '{{.roleRef.kind}}'), await subjects('rolebinding/admin')]).toEqual(['ClusterRole', 'default-admin:']);
    await ok('set subject rolebinding admin --user=foo');
    await ok('create rolebinding localrole --role=localrole --group=the-group');
    expect([await template('rolebinding/localrole', '{{.roleRef.kind}}'), await subjects('rolebinding/localrole')]).toEqual(['Role', 'the-group:']);
    await ok('set subject rolebinding localrole --group=foo');
    await ok('create rolebinding sarole --role=localrole --serviceaccount=otherns:sa-name');
    await ok('set subject rolebinding sarole --serviceaccount=otherfoo:foo');
    expect([await subjects('rolebinding/sarole', 'namespace'), await subjects('rolebinding/sarole')]).toEqual(['otherns:otherfoo:', 'sa-name:foo:']);
    await ok('set subject rolebinding --all --user=test-all-user');
    expect([await subjects('rolebinding/admin'), await subjects('rolebinding/localrole'), await subjects('rolebinding/sarole')])
      .toEqual(['default-admin:foo:test-all-user:', 'the-group:foo:test-all-user:', 'sa-name:foo:test-all-user:']);
  });

  const manifest = (kind: string, more: object): string => JSON.stringify({ apiVersion: 'rbac.authorization.k8s.io/v1', kind, metadata: { name: 'bad' }, ...more });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
  test.each<[string, string, RegExp]>([
    ['no verbs', manifest('Role', { rules: [{ apiGroups: [''], resources: ['secrets'], verbs: [] }] }), /rules\[0\]\.verbs: Required value: verbs must contain at least one value/],
    ['no groups, no resources', manifest('Role', { rules: [{ verbs: ['get'] }] }), /rules\[0\]\.apiGroups: Required value: resource rules must supply at least one api group\n\* rules\[0\]\.resources: Required value: resource rules must supply at least one resource/],
    ['URLs in a Role', manifest('Role', { rules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }] }), /rules\[0\]\.nonResourceURLs: Invalid value: \[\]string\{"\/x"\}: namespaced rules cannot apply to non-resource URLs/],
    ['URLs and resources', manifest('ClusterRole', { rules: [{ verbs: ['get'], apiGroups: [''], resources: ['secrets'], nonResourceURLs: ['/x'] }] }), /rules cannot apply to both regular resources and non-resource URLs/],
    ['an aggregation of nothing', manifest('ClusterRole', { aggregationRule: {} }), /aggregationRule\.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil/],
    ['a cluster binding of a Role', manifest('ClusterRoleBinding', { roleRef: { ...roleRef, kind: 'Role' } }), /roleRef\.kind: Unsupported value: "Role": supported values: "ClusterRole"/],
    ['no role', manifest('RoleBinding', { roleRef: {} }), /roleRef\.kind: Unsupported value: "": supported values: "Role", "ClusterRole"\n\* roleRef\.name: Required value/],
    ['a subject of another kind', manifest('RoleBinding', { roleRef, subjects: [{ kind: 'Robot', name: 'x' }] }), /subjects\[0\]\.kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"/],
    ['an account of no namespace', manifest('ClusterRoleBinding', { roleRef, subjects: [{ kind: 'ServiceAccount', name: 'x' }] }), /subjects\[0\]\.namespace: Required value/],
    ['an account of a group', manifest('RoleBinding', { roleRef, subjects: [{ kind: 'ServiceAccount', name: 'x', namespace: 'y', apiGroup: 'z' }] }), /subjects\[0\]\.apiGroup: Unsupported value: "z": supported values: ""/],
  ])('refused: %s', async (_, body, words) => {
    expect(await k.fails(['-n', ns, 'create', '--validate=false', '-f', '-'], { input: body })).toMatch(words);
  });

  test('a binding keeps its role', async () => {
    await ok('create rolebinding kept --clusterrole=view --user=ann');
    const patch = ['-n', ns, 'patch', 'rolebinding', 'kept', '-p', '{"roleRef":{"name":"edit"}}'];
    expect(await k.fails(patch)).toContain('roleRef: Invalid value: rbac.RoleRef{APIGroup:"rbac.authorization.k8s.io", Kind:"ClusterRole", Name:"edit"}: cannot change roleRef');
  });

  test('names that other kinds may not have', async () => {
    await ok('create role Some:Role_1 --verb=get --resource=secrets');
    expect(await template('role/Some:Role_1', '{{.metadata.name}}')).toBe('Some:Role_1');
    expect(await fails('create role a%b --verb=get --resource=secrets')).toContain("may not contain '%'");
  });

  test('auth reconcile makes what is missing, adds rules and subjects, and makes a binding to another role anew', async () => {
    const yaml = (verbs: string, role: string, user: string): string => `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: rec, namespace: ${ns}}
rules: [{apiGroups: [""], resources: [secrets], verbs: [${verbs}]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: rec, namespace: ${ns}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: ${role}}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: ${user}}]
`;
    const reconcile = (text: string): Promise<string> => k.ok(['-n', ns, 'auth', 'reconcile', '-f', '-'], { input: text });
    await reconcile(yaml('get', 'rec', 'ann'));
    await reconcile(yaml('list', 'rec', 'bob'));
    expect([await rules('role/rec', 'verbs'), await subjects('rolebinding/rec')]).toEqual(['get:list:', 'ann:bob:']);
    await ok('create role other --verb=get --resource=secrets');
    await reconcile(yaml('list', 'other', 'cia'));
    expect(await template('rolebinding/rec', '{{.roleRef.name}}')).toBe('other');
  });

  test('apply, server-side too', async () => {
    const text = (verbs: string): string =>
      JSON.stringify({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'applied' }, rules: [{ apiGroups: [''], resources: ['secrets'], verbs: verbs.split(' ') }] });
    await k.ok(['-n', ns, 'apply', '-f', '-'], { input: text('get') });
    await k.ok(['-n', ns, 'apply', '-f', '-'], { input: text('get list') });
    expect(await rules('role/applied', 'verbs')).toBe('get:list:');
    await k.ok(['-n', ns, 'apply', '--server-side', '--force-conflicts', '-f', '-'], { input: text('watch') });
    expect(await rules('role/applied', 'verbs')).toBe('watch:');
  });
});

describe('granting', () => {
  const as = (user: string, line: string): string[] => ['-n', ns, `--as=${user}`, ...line.split(' ')];

  test('an admin of a namespace gives what admins have, there, and no more', async () => {
    await ok('create rolebinding admins --clusterrole=admin --user=ann');
    await k.ok(as('ann', 'create rolebinding edits --clusterrole=edit --user=bob'));
    await k.ok(as('ann', 'create role reads --verb=get,list --resource=secrets'));
    await k.ok(as('ann', 'create rolebinding issuers --clusterrole=gleaner-issuer --user=cia'));
    const refused = await k.fails(as('ann', 'create rolebinding root --clusterrole=cluster-admin --user=ann'));
    expect(refused).toContain(`rolebindings.rbac.authorization.k8s.io "root" is forbidden: user "ann" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:
{APIGroups:["*"], Resources:["*"], Verbs:["*"]}
{NonResourceURLs:["*"], Verbs:["*"]}`);
    expect(await k.fails(as('ann', 'create role agents --verb=delete --resource=agents.gleaner.dev'))).toContain('{APIGroups:["gleaner.dev"], Resources:["agents"], Verbs:["delete"]}');
    expect(await k.fails(['-n', 'default', '--as=ann', 'create', 'role', 'elsewhere', '--verb=get', '--resource=secrets'])).toContain('User "ann" cannot create resource "roles"');
    expect(await k.fails(as('ann', 'create clusterrole all --verb=get --resource=secrets'))).toContain('at the cluster scope');
  });

  test('whoever changes a role keeps to what they have', async () => {
    await ok('create role team --verb=get --resource=secrets');
    await ok('create role editor --verb=get,update,patch --resource=roles');
    await ok('create rolebinding editors --role=editor --user=eve');
    const patch = (text: string): Promise<string> => k.fails([...as('eve', 'patch role team'), '--type=merge', '-p', text]);
    expect(await patch('{"rules":[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}]}')).toContain('user "eve" (groups=["system:authenticated"]) is attempting to grant');
    expect(await patch('{"metadata":{"labels":{"a":"b"}}}')).toContain('{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}');
    await k.ok([...as('eve', 'patch role editor'), '--type=merge', '-p', '{"metadata":{"labels":{"a":"b"}}}']);
  });

  test('bind and escalate are rights of their own', async () => {
    await k.ok(['create', 'clusterrole', `binder-${ns}`, '--verb=bind', '--resource=clusterroles', '--resource-name=edit']);
    await ok('create role bindings --verb=create --resource=rolebindings');
    await ok('create rolebinding b1 --role=bindings --user=hal');
    expect(await k.fails(as('hal', 'create rolebinding b2 --clusterrole=edit --user=ida'))).toContain('attempting to grant');
    await ok(`create rolebinding b3 --clusterrole=binder-${ns} --user=hal`);
    await k.ok(as('hal', 'create rolebinding b2 --clusterrole=edit --user=ida'));
    expect(await k.fails(as('hal', 'create rolebinding b4 --clusterrole=admin --user=ida'))).toContain('attempting to grant');
    await ok('create role escalates --verb=create,escalate --resource=roles');
    await ok('create rolebinding b5 --role=escalates --user=jim');
    await k.ok(as('jim', 'create role anything --verb=* --resource=secrets'));
  });
});
