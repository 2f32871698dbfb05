/**
 * The results index: one row per index that succeeded, and the names that Jobs had, so that results outlive Task and Job objects.
 * `GET /results/<ns>/<job>` streams them as NDJSON.
 */
import { hash } from 'node:crypto';
import type { Finished, ResultFile } from '../../crds/agent-link';
import type { TaskResult } from '../../crds/task';
import type { Database } from '../db/database';
import { insert, query } from '../db/statements';
import type { Access } from './http/access';
import { drained, HttpError, notFound, parseUrl, queryInteger, type Handler } from './http/reply';

export interface NewResult {
  jobUid: string;
  index: number;
  attempt: number;
  result: NonNullable<Finished['result']>;
}

interface Row {
  idx: bigint;
  attempt: bigint;
  inline: string | null;
  files: string | null;
}

/** Larger inline results stay out of the Task's status. */
const STATUS_INLINE_BYTES = 4096;
const PAGE = 500;
const MAX_NAMED = 100_000;

const PAGE_OF = query<Row>('SELECT idx, attempt, inline, files FROM result WHERE job_uid = ? AND idx > ? ORDER BY idx LIMIT ?');
const ONE = query<Row>('SELECT idx, attempt, inline, files FROM result WHERE job_uid = ? AND idx = ?');
const UID_OF = query<{ uid: string }>('SELECT uid FROM job_name WHERE namespace = ? AND name = ? ORDER BY created_at DESC LIMIT 1');
/** What is there already stays. */
const NAME = insert('job_name', { uid: 'text', namespace: 'text', name: 'text', created_at: 'int' }, { merge: true, conflict: { on: 'ignore' } });
const RESULT = insert('result', { job_uid: 'text', idx: 'int', attempt: 'int', inline: 'text', files: 'text' }, { merge: true, conflict: { on: 'ignore' } });

export class Results {
  private readonly named = new Set<string>();

  constructor(private readonly tables: Database, private readonly wall: () => number = Date.now) {}

  /** Remembers a Job's name; once per Job and process. Resolves when durable; undefined: it is already. */
  nameJob(uid: string, namespace: string, name: string): Promise<void> | undefined {
    if (this.named.has(uid)) return undefined;
    if (this.named.size >= MAX_NAMED) this.named.clear();
    this.named.add(uid);
    return this.tables.write([{ statement: NAME, rows: [[uid, namespace, name, this.wall()]] }]);
  }

  /** One step for all; the first result of an index stays. */
  add(results: readonly NewResult[]): Promise<void> {
    const rows = results.map(({ jobUid, index, attempt, result }) =>
      [jobUid, index, attempt, storable(result.inline), result.files.length === 0 ? null : JSON.stringify(result.files)]);
    return this.tables.write([{ statement: RESULT, rows }]);
  }

  /** The result of an index, when there is one. */
  async get(jobUid: string, index: number): Promise<{ attempt: number; result: NonNullable<Finished['result']> } | undefined> {
    const [row] = await this.tables.select(ONE, jobUid, index);
    if (!row) return undefined;
    return { attempt: Number(row.attempt), result: { ...(row.inline === null ? {} : { inline: row.inline }), files: filesOf(row) } };
  }

  /** Of the newest Job that had this name. */
  async jobUid(namespace: string, name: string): Promise<string | undefined> {
    return (await this.tables.select(UID_OF, namespace, name))[0]?.uid;
  }

  /**
   * `GET /results/<ns>/<job>[?index=N]`: one line `{index, inline?, files}` per index, in order.
   * @param current uid of the Job that has the name now
   */
  routes(access: Access, current: (namespace: string, name: string) => string | undefined): Handler {
    return async (req, res) => {
      const { segments, query } = parseUrl(req);
      const [, namespace = '', name = ''] = segments;
      await access.require(req, { verb: 'get', plural: 'jobs', subresource: 'results', namespace, name });
      if (req.method !== 'GET') throw new HttpError(405, 'MethodNotAllowed', 'results know GET', { allow: 'GET' });
      if (segments.length !== 3) throw notFound('the path has to be /results/<namespace>/<job>');
      const uid = current(namespace, name) ?? (await this.jobUid(namespace, name));
      if (uid === undefined) throw notFound(`there is no job ${JSON.stringify(name)} in namespace ${JSON.stringify(namespace)}, and none had results`);
      const index = queryInteger(query, 'index', 0, Number.MAX_SAFE_INTEGER);
      if (index !== undefined) {
        const [row] = await this.tables.select(ONE, uid, index);
        if (!row) throw notFound(`index ${index} of job ${JSON.stringify(name)} has no result (yet)`);
        res.writeHead(200, { 'content-type': 'application/x-ndjson' }).end(line(row));
        return;
      }
      res.writeHead(200, { 'content-type': 'application/x-ndjson' });
      for (let after = -1n; ;) {
        const rows = await this.tables.select(PAGE_OF, uid, after, PAGE);
        const last = rows.at(-1);
        if (!last) break;
        after = last.idx;
        if (!res.write(rows.map(line).join('')) && !(await drained(res))) return;
      }
      res.end();
    };
  }
}

/** A NUL, which no JSON has, cannot be part of a text in PostgreSQL: it is kept as U+FFFD, in both modes. */
const storable = (text: string | undefined): string | null => (text === undefined ? null : text.replaceAll('\0', '\uFFFD'));

const filesOf = (row: Row): ResultFile[] => (row.files === null ? [] : (JSON.parse(row.files) as ResultFile[]));

/** The stored texts are JSON or are quoted: nothing is parsed on the way out. */
function line(row: Row): string {
  const inline = row.inline === null ? '' : `"inline":${JSON.stringify(row.inline)},`;
  return `{"index":${row.idx},"attempt":${row.attempt},${inline}"files":${row.files ?? '[]'}}\n`;
}

/** What a Task's status says of its result. The digest is over the sorted list of files, out/result.json among them. */
export function taskResult(result: NonNullable<Finished['result']>): TaskResult {
  const { inline } = result;
  const inlineBytes = inline === undefined ? 0 : Buffer.byteLength(inline);
  const files = result.files.map(({ path, element, bytes }) => ({ path, element, bytes }));
  if (inline !== undefined) files.push({ path: 'result.json', element: `sha256:${sha256(inline)}`, bytes: inlineBytes });
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    digest: `sha256:${sha256(JSON.stringify(files))}`,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    ...(inline !== undefined && inlineBytes <= STATUS_INLINE_BYTES ? { inline } : {}),
  };
}

const sha256 = (text: string): string => hash('sha256', text);
