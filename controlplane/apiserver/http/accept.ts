/** What form of answer the client accepts. */
import { noRepresentation, notAcceptable } from './errors';

export type AnswerForm = (
  | { as: 'object' }
  | { as: 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'; version: string }
  | { as: 'APIGroupDiscoveryList'; version: 'v2' | 'v2beta1' }
) & {
  /** Written as YAML; absent: as JSON. */
  yaml?: true;
};

const META_VERSIONS = new Set(['v1', 'v1beta1']);
const JSON_TYPE = 'application/json';
export const YAML_TYPE = 'application/yaml';
/** What answers are written in. */
export const TYPES = `${JSON_TYPE}, ${YAML_TYPE}`;

/**
 * The first acceptable form, of those that `takes` allows, in the client's order. Answers are JSON or YAML: who takes protobuf only gets none.
 * @param written the types that there are
 * @throws ApiError 406
 */
export function negotiate(header: string | undefined, takes: (form: AnswerForm) => boolean = () => true, written = TYPES): AnswerForm {
  if (header === undefined || header === '' || header === JSON_TYPE) return { as: 'object' };
  const clauses = inOrder(header);
  for (const clause of clauses) {
    const form = formOf(clause);
    if (form && takes(form)) return form;
  }
  throw clauses.some(({ type }) => type === '*/*' || written.split(', ').includes(type)) ? notAcceptable(written) : noRepresentation(written);
}

/** Whether what has one form only, as refusals have, is to be written as YAML. */
export function wantsYaml(header: string | undefined): boolean {
  if (header === undefined || !header.includes(YAML_TYPE)) return false;
  const form = inOrder(header).map(formOf).find((each) => each?.as === 'object');
  return form?.yaml ?? false;
}

interface Clause {
  type: string;
  parameters: ReadonlyMap<string, string>;
  quality: number;
}

/** The better first, among equals the plainer; sorted pair by pair as kube-apiserver does, as neither rule stands above the other. */
function inOrder(header: string): Clause[] {
  const clauses = header.split(',').map(clauseOf);
  for (let end = 1; end < clauses.length; end += 1) {
    for (let at = end; at > 0 && isBefore(clauses[at], clauses[at - 1]); at -= 1) [clauses[at - 1], clauses[at]] = [clauses[at], clauses[at - 1]];
  }
  return clauses;
}

const isBefore = (a: Clause, b: Clause): boolean => a.quality > b.quality || (!a.type.startsWith('*') && b.type.startsWith('*')) || (!a.type.endsWith('*') && b.type.endsWith('*'));

function clauseOf(text: string): Clause {
  const [type, ...rest] = text.split(';').map((part) => part.trim());
  const parameters = new Map(rest.map((part) => part.split('=', 2) as [string, string]));
  const quality = parameters.get('q');
  return { type, parameters, quality: quality === undefined ? 1 : Number(quality) || 0 };
}

function formOf({ type, parameters }: Clause): AnswerForm | undefined {
  if (type !== JSON_TYPE && type !== YAML_TYPE && type !== '*/*') return undefined;
  const yaml = type === YAML_TYPE && ({ yaml: true } as const);
  // YAML does not come in a stream.
  if (yaml && parameters.get('stream')) return undefined;
  const as = parameters.get('as');
  const version = parameters.get('v') ?? '';
  if (as === undefined) return { as: 'object', ...yaml };
  const group = parameters.get('g');
  if (group === 'meta.k8s.io' && META_VERSIONS.has(version)) {
    if (as === 'Table' || as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return { as, version, ...yaml };
  }
  if (group === 'apidiscovery.k8s.io' && as === 'APIGroupDiscoveryList' && (version === 'v2' || version === 'v2beta1')) {
    return { as, version, ...yaml };
  }
  return undefined;
}
