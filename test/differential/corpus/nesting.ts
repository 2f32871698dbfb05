/** Objects in objects: a definition with many levels, and what it defines; and objects with many keys. */
import { apply, del, get, jsonPatch, merge, post, postYaml, table, type Sequence, type Step } from '../step';

const LEVELS = 100;
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const BOXES = '/apis/nesting.example.com/v1/namespaces/${ns}/boxes';
const WIDGETS = '/apis/stable.example.com/v1/namespaces/${ns}/widgets';

const CMS = '/api/v1/namespaces/${ns}/configmaps';
const keys = (count: number): string => Array.from({ length: count }, (_, at) => `  k${at}: "${at % 10}"\n`).join('');

/** `value` within so many objects. */
const within = (levels: number, value: unknown, wrap: (inner: unknown) => unknown): unknown => (levels === 0 ? value : within(levels - 1, wrap(value), wrap));
const spec = within(LEVELS, 'x', (a) => ({ a }));
const schema = within(LEVELS, { type: 'string' }, (a) => ({ type: 'object', properties: { a } }));
const box = (name: string, more: object = {}): object => ({ apiVersion: 'nesting.example.com/v1', kind: 'Box', metadata: { name }, spec, ...more });
const widget = (name: string, levels: number, list = false): string =>
  `{"apiVersion":"stable.example.com/v1","kind":"Widget","metadata":{"name":"${name}"},"spec":{"color":"red","free":{"x":${(list ? '[' : '{"a":').repeat(levels)}1${(list ? ']' : '}').repeat(levels)}}}}`;

const steps: Step[] = [
  post('definition', DEFINITIONS, {
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'boxes.nesting.example.com' },
    spec: {
      group: 'nesting.example.com', scope: 'Namespaced', names: { plural: 'boxes', singular: 'box', kind: 'Box', listKind: 'BoxList' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: schema } } } }],
    },
  }, { pick: () => 'the definition' }),
  get('served', BOXES, { until: 200, pick: () => 'a list' }),
  post('create', BOXES, box('b')),
  merge('merge patch', `${BOXES}/b`, { metadata: { labels: { a: 'b' } } }),
  jsonPatch('JSON patch', `${BOXES}/b`, [{ op: 'test', path: '/spec', value: spec }, { op: 'replace', path: `/spec${'/a'.repeat(LEVELS)}`, value: 'y' }]),
  apply('apply', `${BOXES}/b?fieldManager=x&force=true`, box('b')),
  post('a wrong type at the bottom', BOXES, box('c', { spec: within(LEVELS, 5, (a) => ({ a })) })),
  del('delete', `${BOXES}/b`),
  del('away with it', `${DEFINITIONS}/boxes.nesting.example.com`, undefined, { pick: () => 'the definition' }),
  ...table([[100], [240]], (levels) => post(`${levels} objects`, WIDGETS, widget(`objects-${levels}`, levels))),
  ...table([[100], [240]], (levels) => post(`${levels} lists`, WIDGETS, widget(`lists-${levels}`, levels, true))),
  postYaml('objects in YAML', WIDGETS, widget('yaml', 240)),
  apply('apply of objects', `${WIDGETS}/applied?fieldManager=x`, widget('applied', 240)),
  postYaml('30,000 keys in YAML', CMS, `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: keys\ndata:\n${keys(30_000)}`, { pick: () => 'a config map' }),
  postYaml('80,000 keys in YAML', CMS, `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: more\ndata:\n${keys(80_000)}`, { pick: () => 'a config map' }),
  post('300 objects', WIDGETS, widget('objects-300', 300)),
  post('20,000 lists', WIDGETS, widget('lists-20000', 20_000, true)),
];

export const NESTING: Sequence[] = [{ name: 'nesting', steps }];
