/** Who a request's fields belong to: its manager's name, and the field manager of its resource and subresource. */
import { FieldManager } from '../apply/field-manager';
import { fieldElement, FieldSet } from '../apply/field-set';
import { typeOfSchema } from '../apply/schema-type';
import { invalidError } from '../http/errors';
import { groupVersion, type Resource } from '../resources/resource';
import { zeroShape } from '../resources/shapes';
import { forbidden, invalid, required, tooLong, type FieldError } from '../schema/field-error';
import type { ResourceRequest } from './context';

/** The field managers of all resources, made when first needed. */
export class FieldManagers {
  readonly #made = new WeakMap<Resource, Map<string, FieldManager>>();

  constructor(private readonly now: () => number) {}

  /** @param subresource '' for the object itself */
  of(resource: Resource, subresource: string): FieldManager {
    let managers = this.#made.get(resource);
    if (!managers) this.#made.set(resource, (managers = new Map<string, FieldManager>()));
    let manager = managers.get(subresource);
    if (!manager) {
      manager = new FieldManager({
        type: typeOfSchema(resource.schema),
        kind: resource.kind,
        apiVersion: groupVersion(resource),
        subresource,
        ...(resource.stored && { alike: new Set(resource.stored.schemas.keys()) }),
        ...(resource.blank && { blank: resource.blank }),
        ...(resource.shape && { blank: zeroShape(resource.shape) }),
        ignored: ignoredFields(resource, subresource),
        // Of a scale it is not told when it was written, as by kube-apiserver: such entries come first.
        timestamp: () => (subresource === 'scale' ? undefined : `${new Date(this.now()).toISOString().slice(0, 19)}Z`),
      });
      managers.set(subresource, manager);
    }
    return manager;
  }
}

/** What a write leaves as it is, whatever its body says, and what the server writes itself. */
function ignoredFields({ hasStatus, strategy }: Resource, subresource: string): FieldSet {
  const own = FieldSet.of(...(subresource === 'finalize' ? [] : (strategy.serverFields ?? [])).map((path) => path.map(fieldElement)));
  if (subresource === 'status') own.insert([fieldElement('spec')]);
  else if (hasStatus) own.insert([fieldElement('status')]);
  return own;
}

const MAX_NAME_BYTES = 128;
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/** `fieldManager`, or the first part of the User-Agent. @throws ApiError 422 */
export function managerName({ query, req }: ResourceRequest, options: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions'): string {
  const errors = options === 'PatchOptions' && query.has('force') ? [forbidden('force', 'may not be specified for non-apply patch')] : [];
  const name = query.get('fieldManager') ?? '';
  refuse(options, [...errors, ...nameErrors(name)]);
  return name === '' ? fromUserAgent(req.headers['user-agent'] ?? '') : name;
}

/** @throws ApiError 422 when an apply does not say who it is */
export function applierName({ query }: ResourceRequest): string {
  const name = query.get('fieldManager') ?? '';
  refuse('PatchOptions', name === '' ? [required('fieldManager', 'is required for apply patch')] : nameErrors(name));
  return name;
}

function refuse(kind: string, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalidError({ group: 'meta.k8s.io', kind }, '', errors);
}

function nameErrors(name: string): FieldError[] {
  const errors = Buffer.byteLength(name) > MAX_NAME_BYTES ? [tooLong('fieldManager', MAX_NAME_BYTES)] : [];
  let at = 0;
  for (const char of name) {
    const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    if (!PRINTABLE.test(char)) return [...errors, invalid('fieldManager', name, `invalid character U+${code} (at position ${at})`)];
    at += Buffer.byteLength(char);
  }
  return errors;
}

function fromUserAgent(agent: string): string {
  let name = '';
  for (const char of agent.split('/', 1)[0]) {
    if (!PRINTABLE.test(char)) continue;
    if (Buffer.byteLength(name) + Buffer.byteLength(char) > MAX_NAME_BYTES) break;
    name += char;
  }
  return name;
}
