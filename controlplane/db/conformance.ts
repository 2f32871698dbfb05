/** What every Database must do, as a jest suite. Call it from the test of an implementation, with databases that are migrated and empty. */
import type { Database, Value, Write } from './database';
import { MAX_SUM, command, insert, lookup, query, remove } from './statements';

const LIMIT = insert('ledger_credit_limit', { namespace: 'text', amount: 'int' });
const REPLACE = insert('ledger_credit_limit', { namespace: 'text', amount: 'int' }, { merge: true, conflict: { on: 'replace', key: ['namespace'] } });
const IGNORE = insert('ledger_credit_limit', { namespace: 'text', amount: 'int' }, { merge: true, conflict: { on: 'ignore' } });
const NUMBERED = insert('ledger_transaction', { id: 'int', key: 'text', kind: 'text', at: 'int', total: 'int', note: 'text' }, { merge: true });
const TOTAL = insert('ledger_job_total', {
  job_uid: 'text', namespace: 'text', tier: 'text', line: 'text', job_name: 'text', attempts: 'int', cpu_micros: 'int', memory_mib_seconds: 'int', wall_millis: 'int', amount: 'int',
}, { merge: true, conflict: { on: 'add', key: ['job_uid', 'namespace', 'tier', 'line'], sum: ['attempts', 'cpu_micros', 'memory_mib_seconds', 'wall_millis', 'amount'] } });
const TOKEN = insert('access_token', { id: 'text', hash: 'bytes', subject: 'text', groups: 'text', description: 'text', created_at: 'text', expires_at: 'text' });
const DELETE = remove('ledger_credit_limit', 'namespace', 'text');
const DELETE_SURE = remove('ledger_credit_limit', 'namespace', 'text', { merge: true, mustChange: 'no such limit' });
const RAISE = command('ledger_credit_limit', 'UPDATE ledger_credit_limit SET amount = amount + ? WHERE namespace = ?');
const ALL = query<{ namespace: string; amount: bigint }>('SELECT namespace, amount FROM ledger_credit_limit ORDER BY namespace');
const SOME = lookup<{ namespace: string; amount: bigint }>('SELECT namespace, amount FROM ledger_credit_limit', 'namespace', 'text');
const IDS = query<{ id: bigint }>('SELECT id FROM ledger_transaction ORDER BY id');

const numbered = (...ids: number[]): Value[][] => ids.map((id) => [id, `key-${id}`, 'limit', 0, 0n, null]);
const total = (cpu: bigint, name = 'pi'): Value[] => ['job', 'lab-a', 'standard', 'work', name, 1, cpu, 0, 0, 7n];

export function describeDatabase(name: string, open: () => Promise<{ database: Database; close(): Promise<void> }>): void {
  describe(`Database: ${name}`, () => {
    let database: Database;
    let close: () => Promise<void>;
    beforeEach(async () => { ({ database, close } = await open()); });
    afterEach(() => close());
    const limits = async (): Promise<string[]> => (await database.select(ALL)).map(({ namespace, amount }) => `${namespace} ${amount}`);
    /** All in one turn. */
    const outcomes = async (...steps: Write[][]): Promise<string[]> =>
      (await Promise.allSettled(steps.map((writes) => database.write(writes)))).map((each) => (each.status === 'fulfilled' ? 'saved' : (each.reason as Error).name));

    test('whole numbers of 64 bits, bytes, null and any text come back as they went in', async () => {
      const texts = ['', 'ü𝄞', 'a"b\\c{},NULL', "'; DROP TABLE result; --", '\n\t\u0001'];
      await database.write([{ statement: LIMIT, rows: [...texts.map((text, n): Value[] => [text, n]), ['most', (1n << 63n) - 1n], ['least', -(1n << 63n)]] }]);
      const found = new Map((await database.select(ALL)).map((row) => [row.namespace, row.amount]));
      expect(texts.map((text) => found.get(text))).toEqual([0n, 1n, 2n, 3n, 4n]);
      expect([found.get('most'), found.get('least')]).toEqual([9223372036854775807n, -9223372036854775808n]);
      const hash = Buffer.from([0, 255, 92, 34, 39]);
      await database.write([{ statement: TOKEN, rows: [['id', hash, 's', '[]', '', 'now', null]] }]);
      expect(await database.select(query('SELECT hash, expires_at FROM access_token'))).toEqual([{ hash, expires_at: null }]);
    });

    test('rows of many keys; texts are ordered by their bytes', async () => {
      await database.write([{ statement: LIMIT, rows: [['b', 1], ['B', 2], ['a-1', 3], ['a1', 4], ['ä', 5]] }]);
      expect(await limits()).toEqual(['B 2', 'a-1 3', 'a1 4', 'b 1', 'ä 5']);
      expect((await database.lookup(SOME, ['B', 'nobody', 'ä'])).map((row) => row.amount).sort()).toEqual([2n, 5n]);
      expect(await database.lookup(SOME, [])).toEqual([]);
    });

    test('of a key that is there already: refused, ignored, replaced by the last, added up', async () => {
      await database.write([{ statement: LIMIT, rows: [['a', 1]] }]);
      await expect(database.write([{ statement: LIMIT, rows: [['b', 1], ['a', 2]] }])).rejects.toMatchObject({ message: expect.stringMatching(/unique/i) });
      await database.write([{ statement: IGNORE, rows: [['a', 3], ['c', 1], ['c', 2]] }]);
      expect(await limits()).toEqual(['a 1', 'c 1']);
      expect(await outcomes([{ statement: REPLACE, rows: [['a', 4], ['d', 1]] }], [{ statement: REPLACE, rows: [['a', 5], ['d', 2]] }])).toEqual(['saved', 'saved']);
      expect(await limits()).toEqual(['a 5', 'c 1', 'd 2']);
      expect(await outcomes([{ statement: TOTAL, rows: [total(5n)] }], [{ statement: TOTAL, rows: [total(6n)] }])).toEqual(['saved', 'saved']);
      await database.write([{ statement: TOTAL, rows: [total(MAX_SUM)] }]);
      const sums = await database.select(query('SELECT job_name, attempts, cpu_micros, amount FROM ledger_job_total'));
      expect(sums).toEqual([{ job_name: 'pi', attempts: 3n, cpu_micros: MAX_SUM, amount: 21n }]);
    });

    test('a step is saved whole or not at all, and a refused one takes no other with it', async () => {
      const limit = (...rows: Value[][]): Write[] => [{ statement: LIMIT, rows }];
      expect(await outcomes(limit(['a', 1]), limit(['b', 1], ['a', 2]), limit(['c', 1]))).toEqual(['saved', expect.any(String), 'saved']);
      expect(await limits()).toEqual(['a 1', 'c 1']);
    });

    test('how many rows changed is told, and refuses the step when it should', async () => {
      const counts: number[] = [];
      const changed = (count: number): void => { counts.push(count); };
      await database.write([{ statement: LIMIT, rows: [['a', 1], ['b', 2]], changed }, { statement: RAISE, rows: [[5, 'a'], [1, 'nobody']], changed }, { statement: DELETE, rows: [['b'], ['x']], changed }]);
      expect(counts.slice(-3)).toEqual([2, 1, 1]);
      const refused = (count: number): void => { if (count === 0) throw new RangeError('used up'); };
      await expect(database.write([{ statement: LIMIT, rows: [['c', 1]] }, { statement: RAISE, rows: [[1, 'nobody']], changed: refused }])).rejects.toThrow('used up');
      expect(await outcomes([{ statement: DELETE_SURE, rows: [['a']] }], [{ statement: DELETE_SURE, rows: [['nobody']] }])).toEqual(['saved', 'MissingRowError']);
      expect(await limits()).toEqual([]);
    });

    test('numbers go on without a gap: what counts on a step that was refused is refused too', async () => {
      await database.write([{ statement: NUMBERED, rows: numbered(1, 2), after: 0 }]);
      expect(await outcomes(
        [{ statement: NUMBERED, rows: numbered(3), after: 2 }],
        [{ statement: NUMBERED, rows: numbered(4), after: 3 }, { statement: LIMIT, rows: [['a', 1], ['a', 2]] }],
        [{ statement: NUMBERED, rows: numbered(5), after: 4 }],
        [{ statement: NUMBERED, rows: [], after: 4 }],
        [{ statement: NUMBERED, rows: [], after: 3 }],
      )).toEqual(['saved', expect.any(String), 'GapError', 'GapError', 'saved']);
      await expect(database.write([{ statement: NUMBERED, rows: numbered(3), after: 2 }])).rejects.toThrow('decided on row 2, saved is 3');
      expect((await database.select(IDS)).map(({ id }) => id)).toEqual([1n, 2n, 3n]);
    });

    test('who waits is told after the commit: failures first, and before any promise settles', async () => {
      const seen: string[] = [];
      const step = (name: string, amount: number): Promise<void> =>
        database.write([{ statement: LIMIT, rows: [[name, amount]] }], (error) => seen.push(`settled ${name} ${error ? 'bad' : 'good'}`)).then(
          () => void seen.push(`resolved ${name}`), () => void seen.push(`rejected ${name}`));
      await database.write([{ statement: LIMIT, rows: [['b', 1]] }]);
      await Promise.all([step('a', 1), step('b', 2), step('c', 3)]);
      expect(seen).toEqual(['settled b bad', 'settled a good', 'settled c good', 'resolved a', 'rejected b', 'resolved c']);
    });

    test('a snapshot sees one state, whatever is written meanwhile', async () => {
      await database.write([{ statement: LIMIT, rows: [['a', 1]] }]);
      const snapshot = await database.openSnapshot();
      await database.write([{ statement: LIMIT, rows: [['b', 2]] }, { statement: RAISE, rows: [[9, 'a']] }]);
      expect(await snapshot.select(ALL)).toEqual([{ namespace: 'a', amount: 1n }]);
      expect(await snapshot.lookup(SOME, ['a', 'b'])).toEqual([{ namespace: 'a', amount: 1n }]);
      await snapshot.close();
      expect(await limits()).toEqual(['a 10', 'b 2']);
    });

    test('commits are counted: what is written in one turn goes together', async () => {
      const commits: number[] = [];
      database.onCommit(({ steps }) => commits.push(steps));
      await Promise.all(['a', 'b', 'c'].map((name) => database.write([{ statement: LIMIT, rows: [[name, 1]] }])));
      expect(commits).toEqual([3]);
    });
  });
}
