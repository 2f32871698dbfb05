/**
 * What is wrong with a definition, with kube-apiserver's fields and words.
 *
 * As there, what all versions have in common is reported where it stood before versions had it for themselves: `spec.validation`,
 * `spec.subresources`, `spec.additionalPrinterColumns`, `spec.selectableFields`.
 */
import type { CrdNames, CrdSpec, CrdStatus, CrdVersion, CustomResourceDefinition } from '../../resources/crd';
import { forbidden, invalid, notSupported, required, type FieldError } from '../../schema/field-error';
import { equal } from '../../schema/equal';
import { kindProblem, label1035Problems } from '../../schema/names';
import { nameProblem } from '../../schema/object-meta';
import type { Schema } from '../../schema/schema';
import { approvalErrors } from '../approval';
import { isTrue } from '../conditions';
import { goStrings, invalidShown } from './report';
import { versionSchemaErrors } from './version-schema';
import { columnErrors, deprecationErrors, selectableErrors, subresourceErrors } from './version-rules';

/** @param old absent on create */
export function validateCrd(crd: CustomResourceDefinition, old: CustomResourceDefinition | undefined): FieldError[] {
  const { metadata, spec } = crd;
  const errors: FieldError[] = [];
  if (!old && metadata.name !== `${spec.names.plural}.${spec.group}`) errors.push(invalid('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group'));
  errors.push(...specErrors(spec, old?.spec));
  if (old) errors.push(...immutableErrors(spec, old));
  errors.push(...storedErrors(crd.status?.storedVersions ?? [], spec.versions));
  errors.push(...approvalErrors(spec.group, crd, old));
  if (spec.preserveUnknownFields) {
    errors.push(invalid('spec.preserveUnknownFields', true, 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead'));
  }
  return errors;
}

/** Of a write of the status. */
export function validateCrdStatus({ acceptedNames }: CrdStatus): FieldError[] {
  return nameErrors(acceptedNames, 'status.acceptedNames');
}

function specErrors(spec: CrdSpec, old: CrdSpec | undefined): FieldError[] {
  const { group, scope, names, versions = [] } = spec;
  const errors: FieldError[] = [];
  const groupProblem = nameProblem(group, 'subdomain');
  if (group === '') errors.push(required('spec.group'));
  else if (groupProblem !== undefined) errors.push(invalid('spec.group', group, groupProblem));
  else if (!group.includes('.')) errors.push(invalid('spec.group', group, 'should be a domain with at least one dot'));
  if (scope === '') errors.push(required('spec.scope'));
  else if (!['Cluster', 'Namespaced'].includes(scope)) errors.push(notSupported('spec.scope', scope, ['Cluster', 'Namespaced']));
  errors.push(...versionsErrors(versions, old));
  for (const key of ['plural', 'singular', 'kind', 'listKind'] as const) if (!names[key]) errors.push(required(`spec.names.${key}`));
  errors.push(...nameErrors(names, 'spec.names'), ...conversionErrors(spec));
  return errors;
}

function versionsErrors(versions: readonly CrdVersion[], old: CrdSpec | undefined): FieldError[] {
  const errors: FieldError[] = [];
  versions.forEach((version, index) => {
    const at = `spec.versions[${index}]`;
    if (!version.schema?.openAPIV3Schema) errors.push(required(`${at}.schema.openAPIV3Schema`, 'schemas are required'));
    const problems = label1035Problems(version.name);
    if (problems.length > 0) errors.push(invalid(`${at}.name`, version.name, problems.join(',')));
    if (problems.length > 0 && index === 0) errors.push(invalid('spec.version', version.name, problems.join(',')));
    errors.push(...deprecationErrors(version, `${at}.deprecationWarning`));
  });
  const same = (key: keyof CrdVersion): boolean => versions.every((version) => equal(version[key], versions[0][key]));
  const each = (key: keyof CrdVersion, common: string, check: (version: CrdVersion, at: string) => FieldError[]): FieldError[] =>
    same(key) ? versions.slice(0, 1).flatMap((version) => check(version, `spec.${common}`)) : versions.flatMap((version, index) => check(version, `spec.versions[${index}].${key}`));
  errors.push(
    ...each('schema', 'validation', (version, at) => versionSchemaErrors(version, old?.versions.find(({ name }) => name === version.name), `${at}.openAPIV3Schema`)),
    ...each('subresources', 'subresources', subresourceErrors),
    ...each('additionalPrinterColumns', 'additionalPrinterColumns', columnErrors),
    ...each('selectableFields', 'selectableFields', ({ selectableFields = [], schema }, at) =>
      (selectableFields.length === 0 || !schema?.openAPIV3Schema ? [] : selectableErrors(selectableFields, schema.openAPIV3Schema as Schema, at))),
  );
  const names = versions.map(({ name }) => name);
  if (new Set(names).size < names.length) errors.push(invalidShown('spec.versions', goStrings(names), 'must contain unique version names'));
  if (versions.filter(({ storage }) => storage).length !== 1) {
    const shown = names.length === 0 ? '[]apiextensions.CustomResourceDefinitionVersion(nil)' : goStrings(names);
    errors.push(invalidShown('spec.versions', shown, 'must have exactly one version marked as storage version'));
  }
  return errors;
}

function nameErrors(names: CrdNames, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const check = (name: string | undefined, field: string, problem: (name: string) => string | undefined): void => {
    const why = name ? problem(name) : undefined;
    if (why !== undefined) errors.push(invalid(field, name, why));
  };
  const label = (name: string): string | undefined => label1035Problems(name).join(',') || undefined;
  check(names.plural, `${path}.plural`, label);
  check(names.singular, `${path}.singular`, label);
  check(names.kind, `${path}.kind`, kindProblem);
  check(names.listKind, `${path}.listKind`, kindProblem);
  names.shortNames?.forEach((name, at) => check(name || '-', `${path}.shortNames[${at}]`, label));
  if (names.kind && names.kind === names.listKind) errors.push(invalid(`${path}.listKind`, names.listKind, 'kind and listKind may not be the same'));
  names.categories?.forEach((name, at) => check(name || '-', `${path}.categories[${at}]`, label));
  return errors;
}

interface Webhook {
  clientConfig?: object;
  conversionReviewVersions?: readonly string[];
}

function conversionErrors({ conversion }: CrdSpec): FieldError[] {
  if (!conversion) return [];
  const { strategy } = conversion;
  const webhook = conversion.webhook as Webhook | undefined;
  const errors: FieldError[] = [];
  const at = 'spec.conversion';
  if (strategy === '') errors.push(required(`${at}.strategy`));
  else if (!['None', 'Webhook'].includes(strategy)) errors.push(notSupported(`${at}.strategy`, strategy, ['None', 'Webhook']));
  if (strategy === 'Webhook') {
    if (!webhook?.clientConfig) errors.push(required(`${at}.webhookClientConfig`, 'required when strategy is set to Webhook'));
    if (!webhook?.conversionReviewVersions?.length) errors.push(required(`${at}.conversionReviewVersions`));
    if (errors.length === 0) {
      errors.push(forbidden(`${at}.strategy`, 'conversion by webhooks is not available in this server: use None and versions whose fields mean the same'));
    }
    return errors;
  }
  if (webhook?.clientConfig) errors.push(forbidden(`${at}.webhookClientConfig`, 'should not be set when strategy is not set to Webhook'));
  if (webhook?.conversionReviewVersions?.length) errors.push(forbidden(`${at}.conversionReviewVersions`, 'should not be set when strategy is not set to Webhook'));
  return errors;
}

/** What names the objects, and so cannot change. */
function immutableErrors(spec: CrdSpec, old: CustomResourceDefinition): FieldError[] {
  const errors: FieldError[] = [];
  const check = (field: string, now: string, before: string): void => {
    if (now !== before) errors.push(invalid(field, now, 'field is immutable'));
  };
  if (isTrue(old, 'Established')) {
    check('spec.scope', spec.scope, old.spec.scope);
    check('spec.names.kind', spec.names.kind, old.spec.names.kind);
  }
  check('spec.group', spec.group, old.spec.group);
  check('spec.names.plural', spec.names.plural, old.spec.names.plural);
  return errors;
}

function storedErrors(stored: readonly string[], versions: readonly CrdVersion[]): FieldError[] {
  const path = 'status.storedVersions';
  if (stored.length === 0) return [invalidShown(path, goStrings(stored), 'must have at least one stored version')];
  const names = new Set(versions.map(({ name }) => name));
  return [
    ...versions.filter(({ name, storage }) => storage && !stored.includes(name)).map(({ name }) => invalidShown(path, goStrings(stored), `must have the storage version ${name}`)),
    ...stored.flatMap((name, at) => (names.has(name) ? [] : [invalid(`${path}[${at}]`, name, 'must appear in spec.versions')])),
  ];
}
