/** What form of answer the client accepts. */
import { noRepresentation, notAcceptable } from './errors';

export type AnswerForm =
  | { as: 'object' }
  | { as: 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'; version: string }
  | { as: 'APIGroupDiscoveryList'; version: 'v2' | 'v2beta1' };

const META_VERSIONS = new Set(['v1', 'v1beta1']);

/** The first acceptable form, of those that `takes` allows, in the client's order. Answers are JSON: who takes protobuf only, or YAML only, gets none. @throws ApiError 406 */
export function negotiate(header: string | undefined, takes: (form: AnswerForm) => boolean = () => true): AnswerForm {
  if (header === undefined || header === '' || header === 'application/json') return { as: 'object' };
  for (const clause of header.split(',')) {
    const form = formOf(clause);
    if (form && takes(form)) return form;
  }
  throw header.split(',').some((clause) => clause.trim().startsWith('application/json')) ? notAcceptable('application/json') : noRepresentation('application/json');
}

function formOf(clause: string): AnswerForm | undefined {
  const [type, ...rest] = clause.split(';').map((part) => part.trim());
  if (type !== 'application/json' && type !== '*/*') return undefined;
  const parameters = new Map(rest.map((part) => part.split('=', 2) as [string, string]));
  const as = parameters.get('as');
  const version = parameters.get('v') ?? '';
  if (as === undefined) return { as: 'object' };
  const group = parameters.get('g');
  if (group === 'meta.k8s.io' && META_VERSIONS.has(version)) {
    if (as === 'Table' || as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return { as, version };
  }
  if (group === 'apidiscovery.k8s.io' && as === 'APIGroupDiscoveryList' && (version === 'v2' || version === 'v2beta1')) {
    return { as, version };
  }
  return undefined;
}
