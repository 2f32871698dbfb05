/** Numbers at the bounds of what JSON, Go and JavaScript hold, in a field without a type and in one of type integer. */
import { apply, jsonPatch, merge, post, postYaml, table, type Sequence, type Step } from '../step';

const WIDGETS = '/apis/stable.example.com/v1/namespaces/${ns}/widgets';
const DRY = `${WIDGETS}?dryRun=All`;
const inJson = (spec: string): string => `{"apiVersion":"stable.example.com/v1","kind":"Widget","metadata":{"name":"w"},"spec":{"color":"red",${spec}}}`;
const inYaml = (spec: string): string => `apiVersion: stable.example.com/v1\nkind: Widget\nmetadata: {name: num}\nspec: {color: red, ${spec}}\n`;

const posted = (label: string, spec: string): Step => post(label, DRY, inJson(spec).replace('"w"', '"num"'));

const steps: Step[] = [
  post('widget', WIDGETS, inJson('"size":1')),
  ...table<[string, string]>([
    ['the greatest that is safe', '9007199254740991'],
    ['the least that is safe', '-9007199254740991'],
    ['beyond, and exact', '9007199254740992'],
    ['beyond 64 bits', '18446744073709551615'],
    ['an exponent', '1e16'],
    ['a small exponent', '1e-400'],
    ['a fraction', '9007199254740993.0'],
    ['infinite', '1e999'],
    ['infinite, with a fraction', '-0.1e999'],
  ], (label, number) => posted(label, `"free":{"x":[${number}]}`)),
  ...table<[string, string]>([
    ['beyond, and exact', '9007199254740992'],
    ['beyond 64 bits', '9223372036854775808'],
    ['whole', '1.0'],
    ['a great exponent', '1e19'],
  ], (label, number) => posted(`integer: ${label}`, `"big":${number}`)),
  postYaml('YAML: a fraction', DRY, inYaml('free: {x: 9007199254740993.0}')),
  postYaml('YAML: infinite', DRY, inYaml('free: {x: -.inf}')),
  // From here on some answers differ.
  posted('integer: an exponent', '"big":1e16'),
  posted('inexact', '"free":{"x":[9007199254740993]}'),
  posted('inexact, negative', '"free":{"x":-9223372036854775808}'),
  posted('integer: inexact', '"big":9007199254740993'),
  postYaml('YAML: inexact', DRY, inYaml('free: {x: 9007199254740993}')),
  merge('merge patch: inexact', `${WIDGETS}/w?dryRun=All`, '{"spec":{"free":{"x":9007199254740993}}}'),
  jsonPatch('JSON patch: inexact', `${WIDGETS}/w?dryRun=All`, '[{"op":"add","path":"/spec/free","value":{"x":9007199254740993}}]'),
  apply('apply: inexact', `${WIDGETS}/w?fieldManager=x&dryRun=All`, inYaml('free: {x: 9007199254740993}').replace('name: num', 'name: w')),
];

export const NUMBERS: Sequence[] = [{ name: 'numbers', steps }];
