/**
 * `/openapi/v2` and `/openapi/v3` (an index, and one document per group version), in JSON and in protobuf.
 *
 * Documents are made when they are first asked for and kept until what they are about changes. Each has an ETag of its JSON; those of version 3
 * are addressed by it (`?hash=`), and such an answer may be cached for ever: another hash is redirected to the right one.
 */
import { createHash } from 'node:crypto';

import type { ResourceRegistry } from '../../resources/registry';
import type { Resource } from '../../resources/resource';
import { documentV2, documentV3 } from './documents';
import { encodeV2 } from './v2-protobuf';
import { encodeV3 } from './v3-protobuf';

const JSON_TYPE = 'application/json';
const V2_PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
const V2_PROTOBUF_NAMES = [V2_PROTOBUF, 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'];
const V3_PROTOBUF = 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf';
const V3_PROTOBUF_NAMES = [V3_PROTOBUF, 'application/com.github.proto-openapi.spec.v3@v1.0+protobuf'];
const YEAR_MS = 365 * 24 * 3600 * 1000;

export type OpenApiAnswer =
  | { kind: 'document'; contentType: string; body: Buffer; headers: Record<string, string> }
  | { kind: 'redirect'; location: string }
  | { kind: 'notAcceptable' };

interface Kept {
  json: Buffer;
  etag: string;
  /** The same, made when first asked for. */
  protobuf?: Buffer;
  /** The resources of a document of one group version. */
  about?: readonly Resource[];
}

export class OpenApi {
  readonly #kept = new Map<string, Kept>();
  #revision = -1;

  constructor(
    private readonly registry: ResourceRegistry,
    private readonly version: string,
    private readonly now: () => number = Date.now,
  ) {}

  /** @returns undefined when there is no such document */
  answer(path: string, accept: string | undefined, hash: string | undefined): OpenApiAnswer | undefined {
    if (this.#revision !== this.registry.revision) {
      this.#forget();
      this.#revision = this.registry.revision;
    }
    if (path === '/openapi/v2') return this.#v2(accept);
    if (path === '/openapi/v3') return found(JSON_TYPE, this.#keep(path, () => this.#index()), {});
    return this.#v3(path, accept, hash);
  }

  /** What is still about the same resources stays: of many definitions, one changes at a time. */
  #forget(): void {
    for (const [path, { about }] of this.#kept) {
      const now = about && this.registry.inGroupVersion(gvOf(path.slice('/openapi/v3/'.length)));
      if (!now || now.length !== about.length || now.some((resource, at) => resource !== about[at])) this.#kept.delete(path);
    }
  }

  #v2(accept: string | undefined): OpenApiAnswer {
    const kept = this.#keep('/openapi/v2', () => documentV2(this.registry.all(), this.version));
    const chosen = choose(accept, [JSON_TYPE, ...V2_PROTOBUF_NAMES]);
    if (chosen === undefined) return { kind: 'notAcceptable' };
    if (chosen === JSON_TYPE) return found(JSON_TYPE, kept, { Vary: 'Accept' });
    kept.protobuf ??= encodeV2(documentV2(this.registry.all(), this.version));
    return found(V2_PROTOBUF, kept, { Vary: 'Accept' });
  }

  #v3(path: string, accept: string | undefined, hash: string | undefined): OpenApiAnswer | undefined {
    const key = path.slice('/openapi/v3/'.length);
    if (!this.#keys().includes(key)) return undefined;
    const chosen = choose(accept, [JSON_TYPE, ...V3_PROTOBUF_NAMES]);
    if (chosen === undefined) return { kind: 'notAcceptable' };
    const kept = this.#document(key);
    const type = chosen === JSON_TYPE ? JSON_TYPE : V3_PROTOBUF;
    if (type === V3_PROTOBUF) kept.protobuf ??= encodeV3(documentV3(this.registry.inGroupVersion(gvOf(key)), this.version));
    if (hash === undefined || hash === '') return found(type, kept, { Vary: 'Accept' });
    if (hash !== kept.etag) return { kind: 'redirect', location: addressOf(key, kept.etag) };
    const expires = new Date(this.now() + YEAR_MS).toUTCString();
    return found(type, kept, { Vary: 'Accept', 'Cache-Control': 'public, immutable', Expires: expires });
  }

  /** `api/v1`, `apis/gleaner.dev/v1alpha1`, … */
  #keys(): string[] {
    return this.registry.groupVersions().map((gv) => (gv.includes('/') ? `apis/${gv}` : `api/${gv}`));
  }

  #index(): object {
    return { paths: Object.fromEntries(this.#keys().map((key) => [key, { serverRelativeURL: addressOf(key, this.#document(key).etag) }])) };
  }

  #document(key: string): Kept {
    const about = this.registry.inGroupVersion(gvOf(key));
    return this.#keep(`/openapi/v3/${key}`, () => documentV3(about, this.version), about);
  }

  #keep(path: string, make: () => object, about?: readonly Resource[]): Kept {
    let kept = this.#kept.get(path);
    if (!kept) {
      const json = Buffer.from(JSON.stringify(make()));
      this.#kept.set(path, (kept = { json, etag: createHash('sha512').update(json).digest('hex').toUpperCase(), ...(about && { about }) }));
    }
    return kept;
  }
}

const gvOf = (key: string): string => key.replace(/^apis?\//, '');
const addressOf = (key: string, etag: string): string => `/openapi/v3/${key}?hash=${etag}`;

function found(contentType: string, { json, protobuf, etag }: Kept, headers: Record<string, string>): OpenApiAnswer {
  const body = contentType === JSON_TYPE || protobuf === undefined ? json : protobuf;
  return { kind: 'document', contentType, body, headers: { ETag: `"${etag}"`, ...headers } };
}

/** The first of the client's media types that is offered; without any, the first that is offered. */
function choose(accept: string | undefined, offered: readonly string[]): string | undefined {
  if (accept === undefined || accept === '') return offered[0];
  const clauses = accept.split(',').map((clause, index) => ({ type: clause.split(';', 1)[0].trim().toLowerCase(), quality: qualityOf(clause), index }));
  clauses.sort((a, b) => b.quality - a.quality || a.index - b.index);
  for (const { type } of clauses) {
    if (type === '*/*' || type === 'application/*') return offered[0];
    const match = offered.find((each) => each.toLowerCase() === type);
    if (match !== undefined) return match;
  }
  return undefined;
}

function qualityOf(clause: string): number {
  const match = /;\s*q=([\d.]+)/.exec(clause);
  return match ? Number(match[1]) : 1;
}
