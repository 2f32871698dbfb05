/** What form of answer the client accepts. */
import type { IncomingMessage } from 'node:http';

import { noRepresentation, notAcceptable } from './errors';

export type AnswerForm = (
  | { as: 'object' }
  | { as: 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'; version: string }
  | { as: 'APIGroupDiscoveryList'; version: 'v2' | 'v2beta1' }
) & {
  /** Written as YAML. */
  yaml?: true;
  /** Written in protobuf; neither: as JSON. */
  protobuf?: true;
};

const META_VERSIONS = new Set(['v1', 'v1beta1']);
const JSON_TYPE = 'application/json';
export const YAML_TYPE = 'application/yaml';
export const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';
/** What answers are written in. */
export const TYPES = `${JSON_TYPE}, ${YAML_TYPE}, ${PROTOBUF_TYPE}`;
/** What watches are written in. */
export const STREAM_TYPES = `${JSON_TYPE};stream=watch, ${PROTOBUF_TYPE};stream=watch`;

/**
 * The first acceptable form, of those that `takes` allows, in the client's order.
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

/** What is written of that which has one form only, as refusals have: JSON for those who take none of it. */
export function plainForm(header: string | undefined): AnswerForm {
  if (header === undefined || !(header.includes(YAML_TYPE) || header.includes(PROTOBUF_TYPE))) return { as: 'object' };
  return inOrder(header).map(formOf).find((each) => each?.as === 'object') ?? { as: 'object' };
}

/** Whether the client takes what has one form only. To others it is sent all the same, indented, as kube-apiserver does. */
export function takesObjects(header: string | undefined): boolean {
  if (header === undefined || header === '' || header === JSON_TYPE) return true;
  return inOrder(header).some((clause) => clause.type === 'application/*' || formOf(clause)?.as === 'object');
}

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);

/**
 * Whether JSON is to be indented: by `?pretty=true` or `;pretty=1`, and, without `?pretty=`, for those behind whom somebody reads: curl,
 * wget, browsers.
 */
export function wantsPretty({ url = '', headers }: Pick<IncomingMessage, 'url' | 'headers'>): boolean {
  const { accept, 'user-agent': agent } = headers;
  if (accept?.includes('pretty') && accept.split(',').some((clause) => clauseOf(clause).parameters.get('pretty') === '1')) return true;
  const asked = url.includes('pretty') ? new URLSearchParams(url.slice(url.indexOf('?') + 1)).get('pretty') : null;
  if (asked) return TRUE.has(asked);
  return agent !== undefined && (agent.startsWith('curl') || agent.startsWith('Wget') || agent.startsWith('Mozilla/5.0'));
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
  if (type !== JSON_TYPE && type !== YAML_TYPE && type !== PROTOBUF_TYPE && type !== '*/*') return undefined;
  const written = { ...(type === YAML_TYPE && ({ yaml: true } as const)), ...(type === PROTOBUF_TYPE && ({ protobuf: true } as const)) };
  // YAML does not come in a stream.
  if (written.yaml && parameters.get('stream')) return undefined;
  const as = parameters.get('as');
  const version = parameters.get('v') ?? '';
  const group = parameters.get('g');
  // A group or a version of no kind is of nothing.
  if (as === undefined) return group !== undefined || version !== '' ? undefined : { as: 'object', ...written };
  if (group === 'meta.k8s.io' && META_VERSIONS.has(version)) {
    // A cell is anything: there is no message of a Table.
    if (as === 'Table' && written.protobuf) return undefined;
    if (as === 'Table' || as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return { as, version, ...written };
  }
  if (group === 'apidiscovery.k8s.io' && as === 'APIGroupDiscoveryList' && (version === 'v2' || version === 'v2beta1')) {
    return { as, version, ...written };
  }
  return undefined;
}
