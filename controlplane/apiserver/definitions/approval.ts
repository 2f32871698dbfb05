/** Definitions in Kubernetes' own groups say who approved them, or that nobody did. */
import type { CustomResourceDefinition } from '../resources/crd';
import { invalid, required, type FieldError } from '../schema/field-error';
import { quoted } from '../schema/go-value';
import type { NewCondition } from './conditions';

const ANNOTATION = 'api-approved.kubernetes.io';
const FIELD = `metadata.annotations[${ANNOTATION}]`;
const SEE = 'see https://github.com/kubernetes/enhancements/pull/1111';

type State = 'Missing' | 'Unapproved' | 'Approved' | 'Invalid';
type Annotated = Pick<CustomResourceDefinition, 'metadata'>;

const isProtected = (group: string): boolean => /(^|\.)(k8s|kubernetes)\.io$/.test(group);

function stateOf({ metadata }: Annotated): { state: State; reason: string; value: string } {
  const value = metadata.annotations?.[ANNOTATION] ?? '';
  if (value === '') return { value, state: 'Missing', reason: `protected groups must have approval annotation "${ANNOTATION}", ${SEE}` };
  if (value.startsWith('unapproved')) return { value, state: 'Unapproved', reason: `not approved: ${quoted(value)}` };
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+\S*$/i.test(value)) return { value, state: 'Approved', reason: `approved in ${value}` };
  return { value, state: 'Invalid', reason: `protected groups must have approval annotation "${ANNOTATION}" with either a URL or a reason starting with "unapproved", ${SEE}` };
}

export function approvalErrors(group: string, crd: Annotated, old: Annotated | undefined): FieldError[] {
  if (!isProtected(group)) return [];
  const { state, reason, value } = stateOf(crd);
  if (old && stateOf(old).state === state) return [];
  if (state === 'Missing') return [required(FIELD, reason)];
  return state === 'Invalid' ? [invalid(FIELD, value, reason)] : [];
}

export function approvalCondition(crd: CustomResourceDefinition): NewCondition | undefined {
  if (!isProtected(crd.spec.group)) return undefined;
  const { state, reason } = stateOf(crd);
  return { type: 'KubernetesAPIApprovalPolicyConformant', status: state === 'Approved' ? 'True' : 'False', reason: `${state}Annotation`, message: reason };
}
