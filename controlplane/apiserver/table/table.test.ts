import type { Resource } from '../resources/resource';
import { CORE_KINDS } from '../resources/core-kinds';
import { humanDuration } from './duration';
import { compileJsonPath } from './json-path';
import { TableRenderer } from './table';

const S = 1000;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;

test.each([
  [-2 * S, '<invalid>'], [-1 * S, '0s'], [0, '0s'], [73 * S, '73s'], [119 * S, '119s'], [2 * M, '2m'], [2 * M + 5 * S, '2m5s'], [10 * M + 5 * S, '10m'],
  [179 * M, '179m'], [3 * H, '3h'], [3 * H + 5 * M, '3h5m'], [8 * H + 5 * M, '8h'], [47 * H, '47h'], [48 * H, '2d'], [50 * H, '2d2h'], [8 * D, '8d'],
  [729 * D, '729d'], [730 * D, '2y'], [740 * D, '2y10d'], [3000 * D, '8y'],
])('%d ms is %s', (milliseconds, expected) => {
  expect(humanDuration(milliseconds)).toBe(expected);
});

describe('JSONPath', () => {
  const object = {
    metadata: { labels: { 'app.kubernetes.io/name': 'x' } },
    status: { conditions: [{ type: 'A', status: 'False' }, { type: 'Ready', status: 'True' }], list: [1, 2, 3], n: 0 },
  };
  test.each([
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    [".status.conditions[?(@.type=='Ready')].status", ['True']],
    ['.status.conditions[?(@.type!="Ready")].status', ['False']],
    ['.metadata.labels.app\\.kubernetes\\.io/name', ['x']],
    [".metadata.labels['app.kubernetes.io/name']", []], [".metadata.labels['app\\.kubernetes\\.io/name']", ['x']],
    ['.status.list[0]', [1]], ['.status.list[-1]', [3]], ['.status.list[*]', [1, 2, 3]], ['.status.list[9]', []],
    ['.status.n', [0]], ['.nope.x', []], ['.constructor.name', []],
    ['.status.list[0:2]', [1, 2]], ['.status.list[::2]', [1, 3]], ['.status.list[-2:]', [2, 3]], ['.status.list[1:1]', []], ['.status.list[2:9]', []],
    ['.status.list[0,2]', [1, 3]], ['.status[*]', []], ['.status.n[0]', []], ['.status.conditions[*].type', ['A', 'Ready']],
    ['.status.conditions[?(@.status)].type', ['A', 'Ready']], ['.status.conditions[?(@.nope)].type', []], ['..type', ['A', 'Ready']],
    ["['status'].n", [0]], ['.status.conditions[?(@.type<"B")].type', ['A']], ['.status.conditions[?(@.type==1)].type', []],
  ])('%s', (path, expected) => {
    expect(compileJsonPath(path)(object)).toEqual(expected);
  });

  test('refuses what it does not understand', () => {
    expect(() => compileJsonPath('.a[')).toThrow('unterminated array');
  });
});

describe('tables', () => {
  const kind = (plural: string): Resource => CORE_KINDS.find((each) => each.plural === plural) as Resource;
  const now = (): number => Date.parse('2026-01-01T00:02:00Z');
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'lab', creationTimestamp: '2026-01-01T00:00:47Z' }, status: { phase: 'Active' } };

  test('columns, cells, metadata of the objects', () => {
    const table = new TableRenderer(kind('namespaces'), now).table([namespace], 'Metadata', 'v1', { resourceVersion: '7' });
    expect(table).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata: { resourceVersion: '7' } });
    expect(table.columnDefinitions?.map(({ name }) => name)).toEqual(['Name', 'Status', 'Age']);
    expect(table.rows).toEqual([{ cells: ['lab', 'Active', '73s'], object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: namespace.metadata } }]);
  });

  test('what is missing is empty; later frames have no columns', () => {
    const bare = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' } };
    const table = new TableRenderer(kind('namespaces'), now).table([bare], 'None', 'v1', {}, false);
    expect([table.columnDefinitions, table.rows]).toEqual([null, [{ cells: ['x', '', '<unknown>'], object: null }]]);
  });

  test('computed cells: keys of a configmap, the object of an event', () => {
    const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: '1', b: '2' } };
    expect(new TableRenderer(kind('configmaps'), now).row(config, 'Object', 'v1')).toEqual({ cells: ['c', 2, '<unknown>'], object: config });
    const event = { apiVersion: 'v1', kind: 'Event', metadata: { name: 'e' }, involvedObject: { kind: 'Job', name: 'pi' }, type: 'Normal', reason: 'R', message: 'm' };
    expect(new TableRenderer(kind('events'), now).row(event, 'None', 'v1').cells.slice(0, 4)).toEqual(['<unknown>', 'Normal', 'R', 'job/pi']);
  });
});
