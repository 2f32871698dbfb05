/** The definitions in refusals.json, and what kube-apiserver 1.32 says of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { PACKAGE_ROOT } from '../../../../crds/package-info';
import { loadCrds } from '../../../../crds';
import type { CustomResourceDefinition } from '../../resources/crd';
import { isObject } from '../../schema/schema';
import { validate } from '../../schema/validate';
import { CRD_SCHEMA } from '../crd-schema';
import { definitionOf } from '../definitions';
import { validateCrd } from './validate-crd';

interface Refusal {
  name: string;
  metadata: CustomResourceDefinition['metadata'];
  spec: CustomResourceDefinition['spec'];
  /** Field, reason, message; `…` stands for values that Go prints with addresses. */
  causes: [string, string, string][];
}

const REFUSALS = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'test', 'fixtures', 'definitions', 'refusals.json'), 'utf8')) as Refusal[];

const completed = (crd: Pick<CustomResourceDefinition, 'metadata' | 'spec'>): CustomResourceDefinition => ({ ...definitionOf(crd), metadata: crd.metadata });

function causesOf(crd: CustomResourceDefinition, old?: CustomResourceDefinition): [string, string, string][] {
  const shape = validate(crd, CRD_SCHEMA);
  return [...shape, ...validateCrd(crd, old)].map(({ field, reason, message }) => [field, reason, message]);
}

/** Both without the values that cannot be the same. */
function comparable(causes: [string, string, string][]): string[] {
  return causes
    .map(([field, reason, message]) => {
      const opaque = field === 'spec.versions' || /schema\.openAPIV3Schema$|validation\.openAPIV3Schema$/.test(field) ? message.replace(/^Invalid value: .*?: (?=must|only)/s, 'Invalid value: …: ') : message;
      return `${field} | ${reason} | ${opaque}`;
    })
    .sort();
}

test.each(REFUSALS)('$name', ({ metadata, spec, causes }) => {
  expect(comparable(causesOf(completed({ metadata, spec })))).toEqual(comparable(causes));
});

test('the server\'s own definitions are sound', () => {
  for (const crd of loadCrds()) expect(causesOf(completed(crd))).toEqual([]);
});

describe('updates', () => {
  const before = completed({
    metadata: { name: 'bads.example.com' },
    spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'bads', kind: 'Bad' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }] },
  });
  const established = { ...before, status: { ...before.status!, conditions: [{ type: 'Established', status: 'True' }] } };
  const changed = (spec: object): CustomResourceDefinition => ({ ...before, spec: { ...before.spec, ...spec } });

  test.each<[string, CustomResourceDefinition, CustomResourceDefinition, string[]]>([
    ['scope and kind, once it is established', changed({ scope: 'Cluster', names: { ...before.spec.names, kind: 'Worse' } }), established, [
      'spec.names.kind | FieldValueInvalid | Invalid value: "Worse": field is immutable',
      'spec.scope | FieldValueInvalid | Invalid value: "Cluster": field is immutable',
    ]],
    ['scope and kind, before', changed({ scope: 'Cluster', names: { ...before.spec.names, kind: 'Worse' } }), before, []],
    ['group and plural, ever', changed({ group: 'example.org', names: { ...before.spec.names, plural: 'worse' } }), before, [
      'spec.group | FieldValueInvalid | Invalid value: "example.org": field is immutable',
      'spec.names.plural | FieldValueInvalid | Invalid value: "worse": field is immutable',
    ]],
    ['a version that objects are stored in', changed({ versions: [{ ...before.spec.versions[0], name: 'v2' }] }), before, [
      'status.storedVersions | FieldValueInvalid | Invalid value: []string{"v1"}: must have the storage version v2',
      'status.storedVersions[0] | FieldValueInvalid | Invalid value: "v1": must appear in spec.versions',
    ]],
    ['conversion by webhook', changed({ conversion: { strategy: 'Webhook', webhook: { clientConfig: { url: 'https://x' }, conversionReviewVersions: ['v1'] } } }), before, [
      'spec.conversion.strategy | FieldValueForbidden | Forbidden: conversion by webhooks is not available in this server: use None and versions whose fields mean the same',
    ]],
  ])('%s', (_, crd, old, expected) => {
    expect(isObject(crd)).toBe(true);
    expect(comparable(causesOf(crd, old))).toEqual(expected);
  });
});
