/** Answers in protobuf: what they mean is what the answers in JSON say. */
import { call, del, get, merge, post, TYPES, type Sequence, type Step } from '../step';
import { DEFINING } from './defining';
import { KINDS } from './kinds';
import { SHAPES } from './templates';

const ACCEPT = { Accept: TYPES.protobuf };
const PARTIAL = { Accept: `${TYPES.protobuf};as=PartialObjectMetadata;v=v1;g=meta.k8s.io` };
const PARTIAL_LIST = { Accept: `${TYPES.protobuf};as=PartialObjectMetadataList;v=v1;g=meta.k8s.io` };
const TABLE = { Accept: `${TYPES.protobuf};as=Table;v=v1;g=meta.k8s.io` };

const CMS = '/api/v1/namespaces/${ns}/configmaps';
const WIDGETS = '/apis/stable.example.com/v1/namespaces/${ns}/widgets';
const cm = (name: string, more: object = {}): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: 'ä\n', empty: '' }, binaryData: { b: 'AP8=' }, ...more });
const WATCH = 'watch=true&timeoutSeconds=1';
const SINCE = `${WATCH}&resourceVersion=\${rv}`;

const steps: Step[] = [
  post('create', CMS, cm('a', { immutable: false }), { headers: ACCEPT, capture: { rv: 'metadata.resourceVersion' } }),
  post('again', CMS, cm('a'), { headers: ACCEPT }),
  post('bad name', CMS, cm('A B'), { headers: ACCEPT }),
  merge('patch', `${CMS}/a`, { data: { c: 'd' } }, { headers: ACCEPT }),
  get('get', `${CMS}/a`, { headers: ACCEPT }),
  get('in a stream', `${CMS}/a`, { headers: { Accept: `${TYPES.protobuf};stream=watch` } }),
  get('or anything', `${CMS}/a`, { headers: { Accept: `${TYPES.protobuf}, */*` } }),
  get('or JSON', `${CMS}/a`, { headers: { Accept: `${TYPES.protobuf},application/json` } }),
  get('JSON or it', `${CMS}/a`, { headers: { Accept: `application/json,${TYPES.protobuf}` } }),
  get('YAML or it', `${CMS}/a`, { headers: { Accept: `application/yaml,${TYPES.protobuf}` } }),
  get('list', CMS, { headers: ACCEPT }),
  get('first page', `${CMS}?limit=1`, { headers: ACCEPT }),
  post('another', CMS, cm('b'), { headers: ACCEPT }),
  get('first of two', `${CMS}?limit=1`, { headers: ACCEPT, capture: { token: 'metadata.continue' } }),
  get('second of two', `${CMS}?limit=1&continue=\${token}`, { headers: ACCEPT }),
  get('partial', `${CMS}/a`, { headers: PARTIAL }),
  get('partial list', CMS, { headers: PARTIAL_LIST }),
  get('partial of a list', CMS, { headers: PARTIAL }),
  get('Table', CMS, { headers: TABLE }),
  get('Table, or in JSON', CMS, { headers: { Accept: `${TABLE.Accept},application/json;as=Table;v=v1;g=meta.k8s.io` } }),
  get('absent', `${CMS}/absent`, { headers: ACCEPT }),
  get('absent, as Table', `${CMS}/absent`, { headers: TABLE }),
  get('bad limit', `${CMS}?limit=x`, { headers: ACCEPT }),
  get('unknown token', CMS, { headers: ACCEPT, token: 'none' }),
  get('version', '/version', { headers: ACCEPT }),
  get('unknown path', '/nothing', { headers: ACCEPT }),
  get('group', '/apis/stable.example.com', { headers: ACCEPT }),
  get('resources', '/apis/stable.example.com/v1', { headers: ACCEPT }),
  get('aggregated', '/apis', { headers: { Accept: `${TYPES.protobuf};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList` }, pick: () => 'aggregated' }),
  post('widget', WIDGETS, { apiVersion: 'stable.example.com/v1', kind: 'Widget', metadata: { name: 'w' }, spec: { color: 'red' } }),
  get('widget, it alone', `${WIDGETS}/w`, { headers: ACCEPT }),
  get('widgets, it alone', WIDGETS, { headers: ACCEPT }),
  get('widget, or anything', `${WIDGETS}/w`, { headers: { Accept: `${TYPES.protobuf}, */*` } }),
  get('widget, partial', `${WIDGETS}/w`, { headers: PARTIAL }),
  get('widgets, partial', WIDGETS, { headers: PARTIAL_LIST }),
  get('widgets, watch', `${WIDGETS}?${WATCH}`, { headers: ACCEPT }),
  get('widgets, watch of metadata', `${WIDGETS}?${WATCH}`, { headers: PARTIAL }),
  get('watch', `${CMS}?${SINCE}`, { headers: ACCEPT }),
  get('watch in a stream', `${CMS}?${SINCE}`, { headers: { Accept: `${TYPES.protobuf};stream=watch` } }),
  get('watch of metadata', `${CMS}?${SINCE}`, { headers: PARTIAL }),
  get('watch of Tables', `${CMS}?${SINCE}`, { headers: TABLE }),
  get('watch too old', `${CMS}?${WATCH}&resourceVersion=1`, { headers: ACCEPT }),
  get('watch with a bad version', `${CMS}?${WATCH}&resourceVersion=999999999&resourceVersionMatch=Exact`, { headers: ACCEPT }),
  call('POST', 'text/none', 'unknown body', CMS, 'a', { headers: ACCEPT }),
  del('delete', `${CMS}/a`, undefined, { headers: ACCEPT }),
  del('collection', CMS, undefined, { headers: ACCEPT }),
];

/** Custom resources are not written in protobuf, their definitions are. */
const isCustom = (path: string): boolean => /^\/apis\/[^/]*example\.com\//.test(path);

const inProtobuf = ({ name, steps: each }: Sequence): Sequence => ({
  name: `${name}-protobuf`,
  like: name,
  steps: each.map((step) => (step.headers?.Accept === undefined && step.pick === undefined && !isCustom(step.path) ? { ...step, headers: { ...step.headers, ...ACCEPT } } : step)),
});

/** Everything about the kinds that have messages, once more. */
export const PROTOBUF: Sequence[] = [{ name: 'protobuf', steps }, ...[...KINDS, ...SHAPES, ...DEFINING].map(inProtobuf)];
