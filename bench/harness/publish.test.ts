import { BEGIN, END, withFigures } from './publish';
import { absoluteRow } from './row';

const machine = {
  measuredAt: '2026-01-02T03:04:05.000Z', cpu: 'X', cores: 2, memoryGiB: 8, system: 'Linux', node: 'v20', sqlite: '3', diskSyncMs: { p50: 0.1, p99: 0.5 },
  diskSyncPausedMs: { p50: 1, p99: 5 }, loadBefore: 0.2,
};
const rows = [absoluteRow({ name: 'rate', unit: 'tasks/s', ours: 10, bound: { atLeast: 5 } })];

describe('withFigures', () => {
  it('replaces what is between the markers and nothing else', () => {
    const text = `before\n${BEGIN}\nformer figures\n${END}\nafter\n`;
    const once = withFigures(text, rows, machine, { array: { seconds: 1, notes: ['a fact'] }, cold: { seconds: 1, notes: [], error: 'no Docker' } });
    expect(once).toContain('| rate | tasks/s | 10 | — | — | ≥ 5 tasks/s | yes |');
    expect(once).toContain('- array: a fact');
    expect(once).toContain('- cold: **not measured**: no Docker');
    expect(once).not.toContain('former figures');
    expect(once.startsWith('before\n') && once.endsWith(`${END}\nafter\n`)).toBe(true);
  });

  it('refuses a document without the markers', () => {
    expect(() => withFigures('text', rows, machine, {})).toThrow('lacks the lines');
  });
});
