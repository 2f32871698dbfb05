/** Bodies in odd but legal encodings, and some that are not: media types, compression, bytes that are no text, escapes, numbers in other forms. */
import { gzipSync } from 'node:zlib';

import type { JsonObject } from '../../../controlplane/apiserver/schema/schema';
import { apply, call, del, get, jsonPatch, merge, post, put, strategic, TYPES, type Sequence, type Step } from '../step';

const CMS = '/api/v1/namespaces/${ns}/configmaps';
const DRY = `${CMS}?dryRun=All`;
const STRICT = `${DRY}&fieldValidation=Strict`;
const WIDGETS = '/apis/stable.example.com/v1/namespaces/${ns}/widgets';
const DRY_WIDGETS = `${WIDGETS}?dryRun=All`;
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/${ns}/leases?dryRun=All';

const cm = (rest = '', metadata = ''): string => `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"${metadata}}${rest}}`;
const widget = (spec = '', rest = ''): string => `{"apiVersion":"stable.example.com/v1","kind":"Widget","metadata":{"name":"w"${rest}},"spec":{"color":"red"${spec}}}`;
const lease = (spec: string): string => `{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"l"},"spec":{${spec}}}`;
const bytes = (...parts: (string | number[])[]): Buffer => Buffer.concat(parts.map((part) => Buffer.from(part as string)));

const typed = (type: string): Step => call('POST', type, `type ${type}`, DRY, cm());
const types: Step[] = [
  ...['application/json;charset=utf-8', 'application/json; charset=UTF-8', 'application/json;charset=iso-8859-1', 'application/json; charset="utf-8"', 'APPLICATION/JSON', 'application/json ;charset=utf-8', ' application/json', 'application/json;', 'application/json;;', 'application/json; charset', 'application/json; =x', 'application/json;a=b;a=c', 'application/json;stream=watch', 'application/json;as=Table', 'application/json,application/yaml', 'application/json, text/plain', 'json', 'application/', '/json', '*/*', 'application/*', 'text/json', 'text/yaml', 'application/x-yaml', 'application/vnd.api+json', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/octet-stream', 'application/cbor', 'application/json/x', 'application json', 'application/merge-patch+json', 'application/json; charset=utf-8; q=0.5', 'application/json\tx', 'ä/ö', ';', 'application/yaml;charset=utf-8'].map(typed),
  { label: 'no type', method: 'POST', path: DRY, body: cm() },
  call('POST', '', 'empty type', DRY, cm()),
  { label: 'no type, YAML', method: 'POST', path: DRY, body: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n' },
  { label: 'no type, widget', method: 'POST', path: DRY_WIDGETS, body: widget() },
  ...['application/json;charset=utf-8', 'application/json;', 'application/json; charset', 'json', 'text/yaml', 'application/x-yaml', 'application/json,application/yaml'].map((type) => call('POST', type, `widget, type ${type}`, DRY_WIDGETS, widget())),
  post('config map', CMS, cm()),
  ...['application/merge-patch+json;charset=utf-8', 'APPLICATION/MERGE-PATCH+JSON', 'application/merge-patch+json;', ' application/merge-patch+json', 'application/merge-patch+json ; x=y', 'application/merge-patch+json; charset', 'application/merge-patch', 'application/strategic-merge-patch+json;a=b', 'application/apply-patch+yaml;charset=utf-8', ';', ''].map((type) => call('PATCH', type, `patch, type ${type}`, `${CMS}/c?dryRun=All&fieldManager=x`, cm())),
  { label: 'patch without a type', method: 'PATCH', path: `${CMS}/c?dryRun=All`, body: '{}' },
  ...['application/json;charset=utf-8', 'application/json;', 'json', 'text/plain', ''].map((type) => call('DELETE', type, `delete, type ${type}`, `${CMS}/c?dryRun=All`, '{"kind":"DeleteOptions","apiVersion":"v1","dryRun":["All"]}')),
];

const zipped = gzipSync(cm());
const framing: Step[] = [
  post('gzip', DRY, zipped, { headers: { 'Content-Encoding': 'gzip' } }),
  post('gzip that is not said', DRY, zipped),
  post('gzip that is none', DRY, cm(), { headers: { 'Content-Encoding': 'gzip' } }),
  post('identity', DRY, cm(), { headers: { 'Content-Encoding': 'identity' } }),
  post('deflate', DRY, cm(), { headers: { 'Content-Encoding': 'deflate' } }),
  post('chunked', DRY, cm(), { headers: { 'Transfer-Encoding': 'chunked' } }),
  post('chunked, empty', DRY, '', { headers: { 'Transfer-Encoding': 'chunked' } }),
  post('empty', DRY, ''),
  post('empty widget', DRY_WIDGETS, ''),
  call('POST', TYPES.yaml, 'empty, YAML', DRY, ''),
  call('POST', TYPES.yaml, 'empty widget, YAML', DRY_WIDGETS, ''),
  call('POST', TYPES.protobuf, 'empty, protobuf', DRY, ''),
  call('POST', TYPES.protobuf, 'protobuf of four bytes', DRY, bytes('k8s\0')),
  call('POST', TYPES.protobuf, 'JSON as protobuf', DRY, cm()),
  call('POST', TYPES.json, 'protobuf as JSON', DRY, bytes('k8s\0', [10, 0])),
  put('empty put', `${CMS}/c?dryRun=All`, ''),
  ...([['merge', merge], ['strategic', strategic], ['JSON', jsonPatch], ['apply', apply]] as const).flatMap(([name, make]) => [
    make(`${name} patch, empty`, `${CMS}/c?dryRun=All&fieldManager=x`, ''), make(`${name} patch of null`, `${CMS}/c?dryRun=All&fieldManager=x`, 'null'), make(`${name} patch of spaces`, `${CMS}/c?dryRun=All&fieldManager=x`, ' \n '),
    make(`${name} patch with a BOM`, `${CMS}/c?dryRun=All&fieldManager=x`, name === 'JSON' ? '\ufeff[]' : `\ufeff${cm()}`),
    make(`${name} patch of no text`, `${CMS}/c?dryRun=All&fieldManager=x`, name === 'JSON' ? bytes('[{"op":"add","path":"/data","value":{"a":"', [0xff], '"}}]') : bytes(`${cm().slice(0, -1)},"data":{"a":"`, [0xff], '"}}')),
    make(`${name} patch and more`, `${CMS}/c?dryRun=All&fieldManager=x`, name === 'JSON' ? '[]x' : `${cm()}x`),
  ]),
  del('empty delete', `${CMS}/c?dryRun=All`, ''),
  del('delete of spaces', `${CMS}/c?dryRun=All`, ' '),
  get('get of a type', `${CMS}/c`, { headers: { 'Content-Type': 'text/none' } }),
  del('delete of null', `${CMS}/c`, 'null'),
  post('again', CMS, cm()),
  del('delete of an object', `${CMS}/c`, '{}'),
  post('once more', CMS, cm()),
  del('dry run in the query, options in the body', `${CMS}/c?dryRun=All`, '{"kind":"DeleteOptions","apiVersion":"v1"}'),
  get('what that left', `${CMS}/c`),
];

const whole: [string, string | Buffer][] = [
  ['BOM', `\ufeff${cm()}`], ['BOM of UTF-16', bytes([0xff, 0xfe], cm())], ['UTF-16', Buffer.from(cm(), 'utf16le')], ['spaces around', ` \r\n\t${cm()}\n\n `], ['form feed before', `\f${cm()}`], ['no-break space before', `\u00a0${cm()}`], ['two objects', `${cm()}${cm()}`],
  ['two objects in lines', `${cm()}\n${cm()}\n`], ['something behind', `${cm()}x`], ['a comma behind', `${cm()},`], ['null', 'null'], ['null behind', `${cm()}null`], ['true', 'true'], ['a number', '5'], ['a text', '"x"'], ['a list', '[]'], ['a list of it', `[${cm()}]`], ['an empty object', '{}'], ['NUL behind', `${cm()}\0`],
  ['a comment', `/* x */${cm()}`], ['a comma too many', cm(',"data":{"a":"b",}')], ['single quotes', cm(",'data':{}")], ['names without quotes', cm(',data:{}')], ['NaN', cm(',"data":{"a":NaN}')], ['cut off', cm().slice(0, -1)], ['spaces only', '   '], ['YAML under the name of JSON', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}'],
];

const texts: [string, string | Buffer][] = [
  ['escapes', '"\\u0041\\/\\b\\f\\n\\r\\t\\\\\\""'], ['upper case escape', '"\\U0041"'], ['short escape', '"\\u41"'], ['unknown escape', '"\\x41"'], ['a pair', '"\\ud83d\\ude00"'], ['a pair in upper case', '"\\uD83D\\uDE00"'], ['a high half', '"\\ud83d"'], ['a low half', '"\\ude00"'], ['halves the wrong way round', '"\\ude00\\ud83d"'],
  ['a half and a text', '"\\ud83dx"'], ['a half and an escape', '"\\ud83d\\n"'], ['a half and a pair', '"\\ud83d\\ud83d\\ude00"'], ['NUL', '"\\u0000"'], ['DEL', '"\u007f"'], ['C1', '"\u0085"'], ['LS and PS', '"\u2028\u2029"'], ['HTML', '"<a>&\'"'], ['escaped HTML', '"\\u003ca\\u003e\\u0026"'], ['no character', '"\\uffff\\ufffe"'], ['replacement', '"\ufffd"'], ['BOM within', '"\ufeff"'],
  ['not normalised', '"e\u0301\u212b"'], ['a raw tab', '"\t"'], ['a raw line', '"\n"'], ['a byte that is no text', bytes('"', [0xff], '"')], ['a half in UTF-8', bytes('"', [0xed, 0xa0, 0x80], '"')], ['an overlong character', bytes('"', [0xc0, 0xaf], '"')], ['a cut character', bytes('"', [0xe2, 0x82], '"')], ['beyond Unicode', bytes('"', [0xf4, 0x90, 0x80, 0x80], '"')],
  ['latin 1', bytes('"', [0xe4], '"')], ['long', `"${'x'.repeat(300_000)}"`], ['long, of many bytes', `"${'€'.repeat(100_000)}"`],
];
const within = (head: string, text: string | Buffer, tail: string): string | Buffer => (typeof text === 'string' ? `${head}${text}${tail}` : bytes(head, [...text], tail));

const numbers = ['1', '-1', '0', '-0', '1.0', '1.5', '1e0', '1e1', '1E1', '1e+1', '10e-1', '1.0e1', '1e-1', '0.0', '-0.0', '0e0', '-0e5', '1e2147483648', '100e-2', '1e9', '1e10', '2147483647', '2147483648', '-2147483648', '-2147483649', '2147483647.0', '2.147483647e9', '01', '+1', '.5', '1.', '0x1', '1_0', '1e', '--1', '"1"', 'true', 'null', '[]', '{}', '1e-400', '1e400', '9223372036854775807', '9223372036854775808', '1e18', '1e19', '99999999999999999999', '5.0000000000000000000001'];

const duplicates: [string, string][] = [
  ['metadata twice', cm(',"metadata":{"name":"c","labels":{"a":"b"}}')], ['kind twice', cm(',"kind":"ConfigMap"')], ['another kind behind', cm(',"kind":"Secret"')], ['another kind before', `{"kind":"Secret",${cm().slice(1)}`], ['a label twice', cm('', ',"labels":{"a":"1","a":"2"}')], ['a label twice, escaped', cm('', ',"labels":{"a":"1","\\u0061":"2"}')], ['three times', cm(',"data":{"a":"1","a":"2","a":"3"}')],
  ['two, twice', cm(',"data":{"a":"1","a":"2","b":"3","b":"4"}')], ['of another type', cm(',"immutable":true,"immutable":null')], ['of a wrong type first', cm(',"immutable":"x","immutable":true')], ['data twice', cm(',"data":{"a":"1"},"data":{"b":"2"}')], ['in another case', cm(',"Data":{"a":"1"}')], ['kind in another case', cm().replace('"kind"', '"Kind"')], ['apiVersion in another case', cm().replace('"apiVersion"', '"apiversion"')], ['metadata in another case', cm().replace('"metadata"', '"MetaData"')], ['an empty name', cm(',"":1')], ['a name of a half', cm(',"data":{"\\ud83d":"1"}')], ['in an unknown field', cm(',"x":{"a":1,"a":2}')], ['in owners', cm('', ',"ownerReferences":[{"apiVersion":"v1","kind":"A","name":"a","name":"b","uid":"u"}]')],
];
const deep: [string, string][] = [
  ['at depth', widget(',"free":{"a":[{"b":1},{"c":{"d":1,"d":2}}]}')], ['in a list of lists', widget(',"free":{"a":[[{"b":1,"b":2}]]}')], ['in parts', widget(',"parts":[{"name":"a","count":1,"count":2}]')], ['in metadata', widget('', ',"labels":{"a":"1","a":"2"}')], ['in annotations', widget('', ',"annotations":{"a.b/c":"1","a.b/c":"2"}')], ['in free, with a dot', widget(',"free":{"a.b":1,"a.b":2,"c d":{"e":1,"e":2}}')], ['an empty name twice', widget(',"free":{"":1,"":2}')], ['spec in another case', widget().replace('"spec"', '"Spec"')], ['kind in another case', widget().replace('"kind"', '"Kind"')], ['metadata twice', widget().replace('"spec"', '"metadata":{"labels":{"x":"y"}},"spec"')], ['a half', widget(',"free":{"a":"\\ud83d","\\ude00":1}')],
];

const steps: Step[] = [
  ...whole.flatMap(([label, body]) => [post(label, DRY, body), post(`widget: ${label}`, DRY_WIDGETS, typeof body === 'string' ? body.replaceAll(cm(), widget()) : body)]),
  ...texts.flatMap(([label, text]) => [
    post(`text: ${label}`, DRY, within(cm().slice(0, -1), within(',"data":{"a":', text, '}'), '}')),
    post(`text of a widget: ${label}`, DRY_WIDGETS, within(widget().slice(0, -2), within(',"free":{"a":', text, '}'), '}}')),
    post(`annotation: ${label}`, DRY_WIDGETS, within('{"apiVersion":"stable.example.com/v1","kind":"Widget","metadata":{"name":"w","annotations":{"a":', text, '}},"spec":{"color":"red"}}')),
    ...(typeof text === 'string' ? [] : [call('POST', TYPES.yaml, `YAML: ${label}`, DRY, within('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  a: ', text, '\n'))]),
  ]),
  ...numbers.flatMap((number) => [
    post(`integer of 32 bits: ${number}`, LEASES, lease(`"leaseTransitions":${number}`)),
    post(`integer: ${number}`, DRY_WIDGETS, widget(`,"big":${number}`)),
    post(`small integer: ${number}`, DRY_WIDGETS, widget(`,"small":${number}`)),
    post(`free: ${number}`, DRY_WIDGETS, widget(`,"free":{"x":${number}}`)),
    post(`port: ${number}`, DRY_WIDGETS, widget(`,"port":${number}`)),
  ]),
  ...duplicates.flatMap(([label, body]) => [post(`twice: ${label}`, DRY, body), post(`twice, strict: ${label}`, STRICT, body), call('POST', TYPES.yaml, `twice, YAML: ${label}`, STRICT, body)]),
  ...deep.flatMap(([label, body]) => [post(`widget twice: ${label}`, DRY_WIDGETS, body), post(`widget twice, strict: ${label}`, `${DRY_WIDGETS}&fieldValidation=Strict`, body), call('POST', TYPES.yaml, `widget twice, YAML: ${label}`, `${DRY_WIDGETS}&fieldValidation=Strict`, body)]),
];

/** What was read, without what the server adds. */
const pick = (body: unknown): unknown => {
  const { kind, data, immutable, spec, metadata } = body as JsonObject & { metadata?: JsonObject };
  return { kind, data, immutable, spec, labels: metadata?.labels, annotations: metadata?.annotations, owners: metadata?.ownerReferences };
};
const picked = (all: readonly Step[]): Step[] => all.map((step) => ({ ...step, pick }));

export const ENCODINGS: Sequence[] = [
  { name: 'encoding-types', steps: picked(types) },
  { name: 'encoding-framing', steps: picked([post('config map', CMS, cm()), ...framing]) },
  { name: 'encodings', steps: picked(steps) },
];
