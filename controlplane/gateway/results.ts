/**
 * The results index: one row per index that succeeded, and the names that Jobs had, so that results outlive Task and Job objects.
 * `GET /results/<ns>/<job>` streams them as NDJSON.
 */
import { hash } from 'node:crypto';
import type { Database, Statement } from 'better-sqlite3';
import type { Finished, ResultFile } from '../../crds/agent-link';
import type { TaskResult } from '../../crds/task';
import type { Writer } from '../db/writer';
import type { Access } from './http/access';
import { drained, HttpError, notFound, parseUrl, queryInteger, type Handler } from './http/reply';

export interface NewResult {
  jobUid: string;
  index: number;
  attempt: number;
  result: NonNullable<Finished['result']>;
}

interface Row {
  idx: number;
  attempt: number;
  inline: string | null;
  files: string | null;
}

/** Larger inline results stay out of the Task's status. */
const STATUS_INLINE_BYTES = 4096;
const PAGE = 500;
const MAX_NAMED = 100_000;

export class Results {
  private readonly page: Statement<[string, number, number], Row>;
  private readonly one: Statement<[string, number], Row>;
  private readonly uidOf: Statement<[string, string], string>;
  private readonly named = new Set<string>();
  private insert?: Statement;
  private insertName?: Statement;

  constructor(db: Database, private readonly writer: Writer, private readonly wall: () => number = Date.now) {
    this.page = db.prepare<[string, number, number], Row>('SELECT idx, attempt, inline, files FROM result WHERE job_uid = ? AND idx > ? ORDER BY idx LIMIT ?');
    this.one = db.prepare<[string, number], Row>('SELECT idx, attempt, inline, files FROM result WHERE job_uid = ? AND idx = ?');
    this.uidOf = db.prepare<[string, string], string>('SELECT uid FROM job_name WHERE namespace = ? AND name = ? ORDER BY created_at DESC LIMIT 1').pluck();
  }

  /** Remembers a Job's name; once per Job and process. Resolves when durable; undefined: it is already. */
  nameJob(uid: string, namespace: string, name: string): Promise<void> | undefined {
    if (this.named.has(uid)) return undefined;
    if (this.named.size >= MAX_NAMED) this.named.clear();
    this.named.add(uid);
    return this.writer.enqueue((db) => {
      this.insertName ??= db.prepare('INSERT OR IGNORE INTO job_name (uid, namespace, name, created_at) VALUES (?, ?, ?, ?)');
      this.insertName.run(uid, namespace, name, this.wall());
    });
  }

  /** One step for all; the first result of an index stays. */
  add(results: readonly NewResult[]): Promise<void> {
    return this.writer.enqueue((db) => {
      this.insert ??= db.prepare('INSERT OR IGNORE INTO result (job_uid, idx, attempt, inline, files) VALUES (?, ?, ?, ?, ?)');
      for (const { jobUid, index, attempt, result } of results) {
        this.insert.run(jobUid, index, attempt, result.inline ?? null, result.files.length === 0 ? null : JSON.stringify(result.files));
      }
    });
  }

  /** The result of an index, when there is one. */
  get(jobUid: string, index: number): { attempt: number; result: NonNullable<Finished['result']> } | undefined {
    const row = this.one.get(jobUid, index);
    if (!row) return undefined;
    return { attempt: row.attempt, result: { ...(row.inline === null ? {} : { inline: row.inline }), files: filesOf(row) } };
  }

  /** Of the newest Job that had this name. */
  jobUid(namespace: string, name: string): string | undefined {
    return this.uidOf.get(namespace, name);
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
      const uid = current(namespace, name) ?? this.jobUid(namespace, name);
      if (uid === undefined) throw notFound(`there is no job ${JSON.stringify(name)} in namespace ${JSON.stringify(namespace)}, and none had results`);
      const index = queryInteger(query, 'index', 0, Number.MAX_SAFE_INTEGER);
      if (index !== undefined) {
        const row = this.one.get(uid, index);
        if (!row) throw notFound(`index ${index} of job ${JSON.stringify(name)} has no result (yet)`);
        res.writeHead(200, { 'content-type': 'application/x-ndjson' }).end(line(row));
        return;
      }
      res.writeHead(200, { 'content-type': 'application/x-ndjson' });
      for (let after = -1; ;) {
        const rows = this.page.all(uid, after, PAGE);
        const last = rows.at(-1);
        if (!last) break;
        after = last.idx;
        if (!res.write(rows.map(line).join('')) && !(await drained(res))) return;
      }
      res.end();
    };
  }
}

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
