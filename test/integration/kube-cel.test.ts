/**
 * CEL rules of definitions, against a real kube-apiserver and against ours: what is refused when a definition is written, and when objects
 * are, is the same to the letter. The scenarios are those of Kubernetes' own end-to-end tests of validation rules.
 */
import { startApiServer, type TestApiServer } from '../support/api-server';
import { CRDS_PATH, hasCondition } from '../support/definitions';
import { TestKube } from '../support/kube';
import { describeWithKube } from '../support/kube-apiserver';

interface Failure {
  code: number;
  message: string;
  causes: string[];
}

type Send = (method: 'POST' | 'PUT' | 'GET' | 'DELETE' | 'PATCH', path: string, body?: object) => Promise<{ code: number; json: Answered }>;

interface Answered {
  message?: string;
  reason?: string;
  details?: { causes?: { field: string; reason: string; message: string }[] };
  metadata?: { resourceVersion?: string };
  status?: { conditions?: { type: string; status: string }[] | null };
}

const GROUP = 'rules.example';
const rule = (text: string, more: object = {}): object => ({ 'x-kubernetes-validations': [{ rule: text, ...more }] });
const integer = { type: 'integer' };
const text = { type: 'string' };
const struct = (properties: object, more: object = {}): object => ({ type: 'object', properties, ...more });
const list = (items: object, more: object = {}): object => ({ type: 'array', items, ...more });
const keyed = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] };

function definition(plural: string, spec: object): object {
  const kind = `${plural[0].toUpperCase()}${plural.slice(1)}`;
  const schema = struct({ spec, status: struct({ ready: integer }) });
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: { group: GROUP, scope: 'Namespaced', names: { plural, kind }, versions: [{ name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: schema } }] },
  };
}

/** Definitions that are refused. */
const BAD_DEFINITIONS: Readonly<Record<string, object>> = {
  'a property that does not exist': struct({ a: integer }, rule('self.b > 0')),
  'a syntax error': struct({ a: integer }, rule('self.a >')),
  'an unclosed parenthesis': struct({ a: integer }, rule('(self.a > 0')),
  'another result than a bool': struct({ a: integer }, rule('self.a')),
  'an unknown function': struct({ a: text }, rule("self.a.frob('x')")),
  'types that do not fit': struct({ a: integer, b: text }, rule('self.a == self.b')),
  'two faults in one rule': struct({ a: integer }, rule('self.x > 0 && self.y > 0')),
  'a rule of an entry': struct({ m: { type: 'object', additionalProperties: { ...integer, ...rule('self.a > 0') }, maxProperties: 5 } }),
  'a rule of an item': struct({ l: list({ ...integer, ...rule("self == 'a'") }, { maxItems: 5 }) }),
  'a message that is not a text': struct({ a: integer }, rule('self.a > 0', { messageExpression: 'self.a' })),
  'a message that does not compile': struct({ a: integer }, rule('self.a > 0', { messageExpression: "'x' + self.q" })),
  'a message without bound': struct({ a: integer }, rule('self.a > 0', { messageExpression: "'a is ' + string(self.a)" })),
  'an expensive rule': struct({ l: list(list(list(text))) }, rule("self.l.all(x, x.all(y, y.all(z, z.contains('a'))))")),
  'rules that are expensive together': struct(Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`p${i}`, list(integer, { maxItems: 1100 - i, ...rule('self.all(x, self.all(y, x + y > 0))') })]))),
  'an old value in an atomic list': struct({ l: list({ ...integer, ...rule('self == oldSelf') }, { maxItems: 5 }) }),
  'an old value below an atomic list': struct({ l: list(struct({ a: { ...integer, ...rule('self == oldSelf') } }), { maxItems: 5 }) }),
  'optionalOldSelf without an old value': struct({ a: integer }, rule('self.a > 0', { optionalOldSelf: true })),
  'an old value that is optional, and is not asked': struct({ a: integer }, rule('self.a > oldSelf.a', { optionalOldSelf: true })),
  'a bad regular expression': struct({ a: text }, rule("self.a.matches('[')")),
  'a bad duration': struct({ a: { type: 'string', format: 'duration' } }, rule("self.a < duration('1 fortnight')")),
  'lists of mixed types': struct({ a: text }, rule("self.a in ['a', 1]")),
  'a constant that cannot be converted': struct({ a: integer }, rule("self.a < int('x')")),
};

interface ObjectCase {
  schema: object;
  /** One after the other; the first is created, others replace it. */
  specs: readonly object[];
}

const OBJECT_CASES: Readonly<Record<string, ObjectCase>> = {
  'rules that hold': { schema: struct({ a: integer, b: integer }, rule('self.a < self.b')), specs: [{ a: 1, b: 2 }] },
  'a rule that does not': { schema: struct({ a: integer, b: integer }, rule('self.a < self.b')), specs: [{ a: 2, b: 1 }] },
  'a message': { schema: struct({ a: integer }, rule('self.a > 0', { message: 'a must be positive' })), specs: [{ a: 0 }] },
  'a message expression': { schema: struct({ a: integer, b: { ...text, maxLength: 9 } }, rule('self.a > 0', { messageExpression: "'there is no ' + self.b" })), specs: [{ a: -3, b: 'bread' }, { a: -3 }] },
  'a reason and a field': { schema: struct({ a: integer }, rule('has(self.a)', { reason: 'FieldValueRequired', fieldPath: '.a', message: 'say a' })), specs: [{}] },
  'a duplicate': { schema: struct({ l: list(text, { maxItems: 5 }) }, rule('self.l.all(x, self.l.exists_one(y, x == y))', { reason: 'FieldValueDuplicate', fieldPath: '.l' })), specs: [{ l: ['a', 'a'] }] },
  'forbidden': { schema: struct({ a: integer }, rule('!has(self.a)', { reason: 'FieldValueForbidden', message: 'not yet' })), specs: [{ a: 1 }] },
  'a rule that fails to run': { schema: struct({ a: integer }, rule('10 / self.a > 1')), specs: [{ a: 0 }] },
  'an absent field': { schema: struct({ a: integer, b: integer }, rule('self.b > 0')), specs: [{ a: 1 }] },
  'an immutable field': { schema: struct({ a: { ...integer, ...rule('self == oldSelf', { message: 'a is immutable' }) }, b: integer }), specs: [{ a: 1, b: 1 }, { a: 1, b: 2 }, { a: 2, b: 2 }] },
  'a counter that only rises': { schema: struct({ a: { ...integer, ...rule('self >= oldSelf') } }), specs: [{ a: 5 }, { a: 6 }, { a: 4 }] },
  'items told apart by key': { schema: struct({ l: list(struct({ k: { ...text, maxLength: 5 }, v: integer }, { required: ['k'], ...rule('self.v >= oldSelf.v') }), { maxItems: 5, ...keyed }) }), specs: [{ l: [{ k: 'a', v: 5 }, { k: 'b', v: 1 }] }, { l: [{ k: 'b', v: 2 }, { k: 'c', v: 0 }, { k: 'a', v: 4 }] }] },
  'set once': { schema: struct({ a: text }, rule('!oldSelf.hasValue() || !has(oldSelf.value().a) || (has(self.a) && self.a == oldSelf.value().a)', { optionalOldSelf: true })), specs: [{}, { a: 'x' }, { a: 'y' }] },
  'the call limit': { schema: struct({ l: list({ ...integer }, { maxItems: 1000, ...rule('self.all(x, self.all(y, x + y >= 0))') }) }), specs: [{ l: Array.from({ length: 500 }, (_, i) => i) }] },
  'a wrong type, and rules': { schema: struct({ a: integer, b: { ...integer, ...rule('self > 0') } }), specs: [{ a: 'x', b: 0 }] },
  'a wrong value, and rules': { schema: struct({ a: { ...integer, minimum: 5 }, b: { ...integer, ...rule('self > 0') } }), specs: [{ a: 1, b: 0 }] },
  'quantities': { schema: struct({ q: { 'x-kubernetes-int-or-string': true, maxLength: 20 } }, rule('quantity(string(self.q)).isLessThan(quantity("1Gi"))')), specs: [{ q: '500Mi' }, { q: '2Gi' }, { q: 5 }, { q: 'x' }] },
  'addresses': { schema: struct({ a: { ...text, maxLength: 50 } }, rule("cidr('10.0.0.0/8').containsIP(self.a)")), specs: [{ a: '10.1.1.1' }, { a: '11.1.1.1' }, { a: 'x' }] },
  'a name': { schema: struct({ a: text }), specs: [{ a: 'x' }] },
};

/** What differs from run to run. */
const steady = (words: string): string => words.replaceAll(/selfType\d+/g, 'selfType').replaceAll(/\(0x[0-9a-f]+\)/g, '(0x0)');
const failureOf = ({ code, json }: { code: number; json: Answered }): Failure => ({
  code,
  message: code < 400 ? '' : parts(steady(json.message ?? '')),
  causes: (json.details?.causes ?? []).map(({ field, reason, message }) => steady(`${field} ${reason} ${message}`)).sort(),
});

/** kube-apiserver lists what several properties say in any order. */
const parts = (message: string): string => message.replace(/\[(.*)\]$/s, (_, inner: string) => inner.split(/, (?=spec)/).sort().join('; '));

describeWithKube('CEL rules of definitions', ['etcd', 'kube-apiserver'], () => {
  const kube = new TestKube();
  let ours: TestApiServer;

  const there: Send = async (method, path, body) => {
    const { status, body: json } = await kube.admin.request({ method, path, ...(body && { body }) });
    return { code: status, json: json as Answered };
  };
  const here: Send = async (method, path, body) => {
    const { code, json } = await ours.request(method, path, { body });
    return { code, json: json as Answered };
  };

  beforeAll(async () => {
    [ours] = await Promise.all([startApiServer(), kube.start({ crds: false })]);
  }, 180_000);
  afterAll(async () => {
    await ours?.stop();
    await kube.stop();
  });

  test.each(Object.entries(BAD_DEFINITIONS))('no definition: %s', async (_, spec) => {
    const body = definition('bads', spec);
    const [theirs, mine] = [failureOf(await there('POST', CRDS_PATH, body)), failureOf(await here('POST', CRDS_PATH, body))];
    expect(theirs.code).toBe(422);
    expect(mine).toEqual(theirs);
  });

  let made = 0;
  test.each(Object.entries(OBJECT_CASES))('objects: %s', async (_, { schema, specs }) => {
    const plural = `widget${'abcdefghijklmnopqrstuvwxyz'[made++]}`;
    const body = definition(plural, schema);
    const results: Failure[][] = [];
    for (const send of [there, here]) {
      expect(await send('POST', CRDS_PATH, body)).toMatchObject({ code: 201 });
      if (send === here) await hasCondition(ours, `${plural}.${GROUP}`, 'Established', 'True');
      results.push(await objects(send, plural, specs));
    }
    expect(results[1]).toEqual(results[0]);
  });

  async function objects(send: Send, plural: string, specs: readonly object[]): Promise<Failure[]> {
    const path = `/apis/${GROUP}/v1/namespaces/default/${plural}`;
    const object = { apiVersion: `${GROUP}/v1`, kind: `${plural[0].toUpperCase()}${plural.slice(1)}`, metadata: { name: 'x' } };
    // kube-apiserver serves a new definition a moment later.
    while ((await send('GET', path)).code !== 200) await new Promise((resolve) => setTimeout(resolve, 50));
    const found: Failure[] = [];
    for (const spec of specs) {
      const before = await send('GET', `${path}/x`);
      const { resourceVersion } = before.json.metadata ?? {};
      const answer = before.code === 404 ? await send('POST', path, { ...object, spec }) : await send('PUT', `${path}/x`, { ...object, metadata: { name: 'x', resourceVersion }, spec });
      found.push(failureOf(answer));
    }
    return found;
  }

  test('a rule that comes later is not held against what did not change', async () => {
    const results: Failure[][] = [];
    for (const send of [there, here]) {
      const path = `/apis/${GROUP}/v1/namespaces/default/laters`;
      const object = (spec: object, metadata: object): object => ({ apiVersion: `${GROUP}/v1`, kind: 'Laters', metadata: { name: 'x', ...metadata }, spec });
      expect(await send('POST', CRDS_PATH, definition('laters', struct({ a: integer, b: integer })))).toMatchObject({ code: 201 });
      if (send === here) await hasCondition(ours, `laters.${GROUP}`, 'Established', 'True');
      while ((await send('GET', path)).code !== 200) await new Promise((resolve) => setTimeout(resolve, 50));
      expect(await send('POST', path, object({ a: 0, b: 1 }, {}))).toMatchObject({ code: 201 });
      const stored = (await send('GET', `${CRDS_PATH}/laters.${GROUP}`)).json;
      const stricter = definition('laters', struct({ a: { ...integer, ...rule('self > 0') }, b: integer }));
      expect(await send('PUT', `${CRDS_PATH}/laters.${GROUP}`, { ...stricter, metadata: { name: `laters.${GROUP}`, resourceVersion: stored.metadata!.resourceVersion } })).toMatchObject({ code: 200 });
      // Until the new rule is in effect.
      for (let i = 0; i < 100 && (await send('POST', path, { ...object({ a: 0 }, {}), metadata: { generateName: 'y-' } })).code !== 422; i++) await new Promise((resolve) => setTimeout(resolve, 100));
      const found: Failure[] = [];
      for (const spec of [{ a: 0, b: 2 }, { a: -1, b: 2 }, { a: 1, b: 2 }]) {
        const { resourceVersion } = (await send('GET', `${path}/x`)).json.metadata!;
        found.push(failureOf(await send('PUT', `${path}/x`, object(spec, { resourceVersion }))));
      }
      results.push(found);
    }
    expect(results[0].map(({ code }) => code)).toEqual([200, 422, 200]);
    expect(results[1]).toEqual(results[0]);
  }, 60_000);
});
