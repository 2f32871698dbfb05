/**
 * The steps of one commit as a transaction: first all together, in few messages sent without waiting; when one is refused, once more with a
 * savepoint for each, so that only the bad ones are left out. COMMIT is sent by the caller.
 */
import type { QueryResult } from 'pg';
import { GapError, MissingRowError, type Statement, type Value, type Write } from '../database';
import { FencedError, IN_FAILED_TRANSACTION, classify, sqlState } from './failure';
import type { Session } from './session';

export interface Step {
  writes: readonly Write[];
  /** Why it was left out. */
  error?: Error;
}

/** Counts the commit, if this process may still write. */
const FENCE = 'UPDATE writer_epoch SET commits = commits + 1 WHERE id = 1 AND epoch = $1 RETURNING commits';

/**
 * Opens a transaction with everything of the steps in it but those whose `error` it sets.
 * @returns the count of commits, once this one is
 * @throws FencedError; what stands in the way of all steps. The transaction is open or not, the caller rolls back or drops the connection
 */
export async function runSteps(session: Session, epoch: bigint, where: string, steps: readonly Step[]): Promise<bigint> {
  for (const step of steps) delete step.error;
  try {
    const merged = merge(steps);
    const [count] = await allOrFirst<bigint | undefined>([begin(session, epoch, where), runAll(session, merged)]);
    return count!;
  } catch (error) {
    if (error instanceof FencedError || (!isRefusal(error) && classify(error) !== 'statement')) throw error;
  }
  await session.query('ROLLBACK');
  const count = await begin(session, epoch, where);
  for (const step of steps) await runAlone(session, step);
  return count;
}

const isRefusal = (error: unknown): boolean => error instanceof Refusal;

/** What a step itself, or a check of it, throws. */
class Refusal extends Error {
  constructor(override readonly cause: Error) {
    super(cause.message);
  }
}

async function begin(session: Session, epoch: bigint, where: string): Promise<bigint> {
  const [, fenced] = await allOrFirst([session.query('BEGIN'), session.query(FENCE, [epoch], 'fence')]);
  const count = (fenced as QueryResult<{ commits: bigint }>).rows[0]?.commits;
  if (count === undefined) throw new FencedError(where, epoch, undefined);
  return count;
}

async function runAlone(session: Session, step: Step): Promise<void> {
  try {
    await allOrFirst<unknown>([session.query('SAVEPOINT step'), runAll(session, step.writes)]);
  } catch (error) {
    if (!isRefusal(error) && classify(error) !== 'statement') throw error;
    await session.query('ROLLBACK TO SAVEPOINT step');
    step.error = error instanceof Refusal ? error.cause : (error as Error);
  }
  await session.query('RELEASE SAVEPOINT step');
}

/** All statements are on their way before the first answer is looked at. */
async function runAll(session: Session, writes: readonly Write[]): Promise<undefined> {
  await allOrFirst(writes.map((write) => run(session, write)));
  return undefined;
}

async function run(session: Session, { statement, rows, after, changed }: Write): Promise<void> {
  const end = after === undefined ? undefined : session.query(`SELECT max(id) AS last FROM ${statement.table}`);
  const results = rows.length === 0 ? [] : send(session, statement, rows);
  // The rows of a step that counts on something that was not saved may fail too: that is not why.
  const checked = end && after !== undefined ? checkEnd(end, statement.table, after) : Promise.resolve(undefined);
  const [, ...done] = await allOrFirst<QueryResult | undefined>([checked, ...results]);
  const count = (done as QueryResult[]).reduce((sum, result) => sum + (result.rowCount ?? 0), 0);
  if (statement.mustChange !== undefined && count < rows.length) {
    throw new Refusal(new MissingRowError(`${statement.mustChange} (${rows.length - count} of ${rows.length} rows: ${rows.slice(0, 10).join(' ')})`));
  }
  try {
    changed?.(count);
  } catch (error) {
    throw new Refusal(error instanceof Error ? error : new Error(String(error)));
  }
}

async function checkEnd(end: Promise<QueryResult<{ last: bigint | null }>>, table: string, after: number): Promise<undefined> {
  const last = Number((await end).rows[0]?.last ?? 0n);
  if (last !== after) throw new Refusal(new GapError(table, after, last));
  return undefined;
}

const names = new Map<Statement, string>();

function send(session: Session, statement: Statement, rows: readonly (readonly Value[])[]): Promise<QueryResult>[] {
  let name = names.get(statement);
  if (name === undefined) names.set(statement, (name = `s${names.size}`));
  if (statement.form === 'one') return rows.map((row) => session.query(statement.postgres, [...row], name));
  const columns: Value[][] = rows[0]!.map(() => []);
  for (const row of rows) for (let at = 0; at < columns.length; at += 1) columns[at]!.push(row[at] ?? null);
  return [session.query(statement.postgres, columns, name)];
}

/** Rows of one statement together, where that statement allows it. @throws Refusal when the steps do not go on from each other */
export function merge(steps: readonly Step[]): Write[] {
  const merged: (Write & { rows: (readonly Value[])[] })[] = [];
  const places = new Map<Statement, (typeof merged)[number]>();
  for (const { writes } of steps) {
    for (const write of writes) {
      const { statement, rows, after } = write;
      const place = statement.merge && !write.changed ? places.get(statement) : undefined;
      if (!place) {
        const own = { ...write, rows: [...rows] };
        merged.push(own);
        if (statement.merge && !write.changed) places.set(statement, own);
        continue;
      }
      const end = place.after === undefined ? undefined : place.after + place.rows.length;
      if (after !== undefined && after !== end) throw new Refusal(new GapError(statement.table, after, end ?? 0));
      for (const row of rows) place.rows.push(row);
    }
  }
  return merged;
}

/** As Promise.all, but after all have settled, and with the error that the others follow from. */
async function allOrFirst<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  const errors = results.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
  if (errors.length > 0) throw errors.find((error) => sqlState(error) !== IN_FAILED_TRANSACTION) ?? errors[0];
  return results.map((each) => (each as PromiseFulfilledResult<T>).value);
}
