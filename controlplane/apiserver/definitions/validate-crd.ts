/** What is wrong with a definition, in kube-apiserver's words. */
import type { CustomResourceDefinition } from '../resources/crd';
import { invalid, type FieldError } from '../schema/field-error';
import { approvalErrors } from './approval';

export function validateCrd(crd: CustomResourceDefinition, old: CustomResourceDefinition | undefined): FieldError[] {
  const { metadata, spec } = crd;
  const errors: FieldError[] = [];
  if (metadata.name !== `${spec.names.plural}.${spec.group}`) errors.push(invalid('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group'));
  errors.push(...approvalErrors(spec.group, crd, old));
  return errors;
}
