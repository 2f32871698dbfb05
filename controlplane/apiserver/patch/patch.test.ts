import { ApiError } from '../http/errors';
import { jsonPatch } from './json-patch';
import { mergePatch } from './merge';
import { CONFIG_MAP } from '../resources/core/config-map';
import { POD_TEMPLATE } from '../resources/core/pod-template';
import { strategicMergePatch } from './strategic';

// The examples of RFC 7386, appendix A.
test.each([
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [['a', 'b'], ['c', 'd'], ['c', 'd']],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
])('merge %j with %j', (target, patch, expected) => {
  const before = JSON.stringify(target);
  expect(mergePatch(target, patch)).toEqual(expected);
  expect(JSON.stringify(target)).toBe(before);
});

describe('json patch', () => {
  const target = { metadata: { annotations: { a: 'x'.repeat(1000) } } };
  const doubling = Array.from({ length: 40 }, (_, i) => ({ op: 'copy', from: '/metadata', path: `/metadata/c${i}` }));
  const cannotApply = expect.objectContaining({ status: expect.objectContaining({ code: 422, details: {} }) });

  test('copies of copies are refused before they are made; moves copy nothing', () => {
    expect(() => jsonPatch(target, doubling)).toThrow(cannotApply);
    expect(jsonPatch(target, doubling.slice(0, 1))).toEqual({ metadata: { ...target.metadata, c0: target.metadata } });
    const moves = Array.from({ length: 10_000 }, (_, i) => (i % 2 === 0 ? { op: 'move', from: '/metadata', path: '/m' } : { op: 'move', from: '/m', path: '/metadata' }));
    expect(jsonPatch(target, moves)).toEqual(target);
  });

  // As evanphx/json-patch: `json-patches` of test/differential runs these and more beside a real kube-apiserver.
  test.each<[object, object[] | null, object]>([
    [{ a: 1 }, null, { a: 1 }],
    [{ a: 1 }, [{ op: 'replace', path: '/b', value: 2 }], { a: 1, b: 2 }],
    [{ a: 1 }, [{ op: 'copy', from: '/none', path: '/b' }, { op: 'add', path: '/c' }], { a: 1, b: null, c: null }],
    [{ a: 1 }, [{ op: 'test', path: '/none', value: null }, { op: 'test', path: '/toString', value: null }], { a: 1 }],
    [{ a: [1, 2] }, [{ op: 'add', path: '/a/+1', value: 9 }, { op: 'remove', path: '/a/-1' }, { op: 'add', path: '/a/-', value: 3 }], { a: [1, 9, 3] }],
    [{ a: 1 }, [{ op: 'add', path: 'x/b~01', value: 2 }, { op: 'replace', path: '', value: 'text' }], { a: 1, 'b~1': 2 }],
    [{ a: 1 }, [{ op: 'replace', path: '', value: { b: 2 } }, { op: 'test', path: '', value: { b: 2 } }], { b: 2 }],
  ])('%j by %j', (before, patch, after) => {
    expect(jsonPatch(before, patch)).toEqual(after);
  });

  test.each(['add', 'replace'])('a patch with %s does the same a second time: later operations do not change it', (op) => {
    const patch = [{ op, path: '/list', value: [] }, { op: 'add', path: '/list/-', value: { a: 1 } }, { op, path: '/list/0/b', value: { c: 1 } }, { op: 'remove', path: '/list/0/b/c' }];
    const after = { list: [{ a: 1, b: {} }] };
    expect([jsonPatch({ list: 1 }, patch), jsonPatch({ list: 1 }, patch)]).toEqual([after, after]);
  });

  test('what copies within copies nest too deeply is refused', () => {
    const into = (copies: number): object[] => Array.from({ length: copies }, (_, i) => ({ op: 'copy', from: '/a', path: `/a${'/a'.repeat(2 ** i)}` }));
    expect(jsonPatch({ a: {} }, into(7))).toEqual(JSON.parse(`${'{"a":'.repeat(128)}{}${'}'.repeat(128)}`));
    for (const copies of [9, 16]) expect(() => jsonPatch({ a: {} }, into(copies))).toThrow(cannotApply);
  });

  test('changes a copy', () => {
    const target = { a: { b: [1, 2] } };
    expect(jsonPatch(target, [{ op: 'add', path: '/a/b/1', value: 9 }, { op: 'remove', path: '/a/b/0' }, { op: 'test', path: '/a/b/0', value: 9 }])).toEqual({ a: { b: [9, 2] } });
    expect(target).toEqual({ a: { b: [1, 2] } });
  });

  test.each([
    [{ op: 'add' }, 400],
    [[{ op: 'test', path: '/a', value: 2 }], 422],
    [[{ op: 'remove', path: '/nope' }], 422],
    [[{ op: 'replace', path: '/nope/x', value: 1 }], 422],
    [[{ op: 'sing', path: '/a' }], 422],
    [[{ op: 'add', path: '/__proto__/x', value: 1 }], 422],
    [['add'], 422],
    [[null], 422],
    [[{ op: 'remove', path: '' }], 422],
    [[{ op: 'add', path: '', value: {} }], 422],
    [[{ op: 'move', from: '/none', path: '/b' }], 422],
    [[{ op: 'copy', from: '/a', path: '/__proto__' }], 422],
    [[{ op: 'copy', from: '/constructor/prototype', path: '/b' }], 422],
    [[{ op: 'add', path: '/l/3', value: 1 }], 422],
    [[{ op: 'replace', path: '/l/-', value: 1 }], 422],
    [[{ op: 'remove', path: '/l/-3' }], 422],
  ])('refuses %j with %d', (patch, code) => {
    let thrown: unknown;
    try {
      jsonPatch({ a: 1, l: [1, 2] }, patch);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ApiError);
    expect((thrown as ApiError).status.code).toBe(code);
    expect(({} as { x?: number }).x).toBeUndefined();
  });
});

describe('strategic merge patch', () => {
  const meta = {
    metadata: { finalizers: ['a/x', 'b/x'], ownerReferences: [{ uid: '1', name: 'one' }, { uid: '2', name: 'two' }], labels: { a: '1', b: '2' } },
    data: { k: 'v', l: 'w' },
  };
  const { metadata } = meta;

  test.each([
    [{ data: { k: null, m: 'x' } }, { data: { l: 'w', m: 'x' } }],
    [{ data: { $patch: 'replace', z: '1' } }, { data: { z: '1' } }],
    [{ data: { $patch: 'delete' } }, { data: {} }],
    [{ data: { $retainKeys: ['k'], k: 'new' } }, { data: { k: 'new' } }],
    [{ metadata: { finalizers: ['c/x', 'a/x'] } }, { metadata: { ...metadata, finalizers: ['c/x', 'a/x', 'b/x'] } }],
    [{ metadata: { '$deleteFromPrimitiveList/finalizers': ['a/x'] } }, { metadata: { ...metadata, finalizers: ['b/x'] } }],
    [{ metadata: { '$setElementOrder/finalizers': ['b/x', 'a/x'], labels: { a: null } } }, { metadata: { ...metadata, finalizers: ['b/x', 'a/x'], labels: { b: '2' } } }],
    [{ metadata: { annotations: { gone: null, kept: 'k' } } }, { metadata: { ...metadata, annotations: { kept: 'k' } } }],
    [
      { metadata: { ownerReferences: [{ uid: '2', $patch: 'delete' }, { uid: '1', controller: true }, { uid: '3', name: 'three' }] } },
      { metadata: { ...metadata, ownerReferences: [{ uid: '1', name: 'one', controller: true }, { uid: '3', name: 'three' }] } },
    ],
    [{ metadata: { ownerReferences: [{ $patch: 'replace' }, { uid: '9' }] } }, { metadata: { ...metadata, ownerReferences: [{ uid: '9' }] } }],
  ])('%# %j', (patch, changed) => {
    const before = JSON.stringify(meta);
    expect(strategicMergePatch(meta, patch, CONFIG_MAP.schema)).toEqual({ ...meta, ...changed });
    expect(JSON.stringify(meta)).toBe(before);
  });

  const containers = [{ name: 'a', image: 'one', env: [{ name: 'X', value: '1' }], args: ['x'] }, { name: 'b', image: 'two' }, { name: 'c', image: 'three' }];
  const spec = (value: object): object => ({ template: { spec: value } });
  test.each<[object, object]>([
    [{ containers: [{ name: 'b', image: 'new' }] }, [containers[0], { name: 'b', image: 'new' }, containers[2]]],
    [{ containers: [{ name: 'a', env: [{ name: 'Y', value: '2' }], args: ['y'] }] }, [{ ...containers[0], env: [{ name: 'Y', value: '2' }, { name: 'X', value: '1' }], args: ['y'] }, containers[1], containers[2]]],
    [{ containers: [{ name: 'a', $patch: 'delete' }] }, [containers[1], containers[2]]],
    [{ containers: [{ name: 'd' }] }, [{ name: 'd' }, ...containers]],
    [{ '$setElementOrder/containers': [{ name: 'c' }, { name: 'd' }, { name: 'a' }], containers: [{ name: 'd' }] }, [containers[1], containers[2], { name: 'd' }, containers[0]]],
    [{ '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] }, [containers[1], containers[0], containers[2]]],
    [{ containers: [{ $patch: 'replace' }, { name: 'z' }] }, [{ name: 'z' }]],
  ])('lists of a pod template: %j', (patch, expected) => {
    expect(strategicMergePatch(spec({ containers }), spec(patch), POD_TEMPLATE.schema)).toEqual(spec({ containers: expected }));
  });

  test.each<[unknown, string]>([
    [{ data: { $patch: 'sing' } }, 'unknown patch type: sing'],
    [{ metadata: { ownerReferences: [{ name: 'x' }] } }, 'does not contain declared merge key: uid'],
    [{ metadata: { ownerReferences: [{ uid: '1', $patch: 'merge' }] } }, 'merging lists cannot yet be specified'],
    [{ data: { $retainKeys: 'k' } }, 'invalid patch format of retainKeys'],
    [{ data: { $retainKeys: ['k'], l: 'x' } }, 'invalid patch format of retainKeys'],
    [{ metadata: { '$deleteFromPrimitiveList/finalizers': 'a/x' } }, 'invalid patch format of primitive list'],
    [{ metadata: { '$setElementOrder/finalizers': 'a/x' } }, 'invalid patch format of setElementOrder list'],
    [{ metadata: { '$setElementOrder/finalizers': ['a/x', 'b/x'], finalizers: ['b/x', 'a/x'] } }, "doesn't match $setElementOrder list"],
    [{ metadata: { finalizers: [['a']] } }, 'lists of lists are not supported'],
    [[], 'must be an object'],
  ])('refuses %j', (patch, words) => {
    expect(() => strategicMergePatch(meta, patch, CONFIG_MAP.schema)).toThrow(words);
  });
});
