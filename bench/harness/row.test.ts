import { absoluteRow, besideRow } from './row';

describe('absoluteRow', () => {
  const row = { name: 'rate', unit: 'tasks/s', bound: { atLeast: 3000 } };

  it('is met from the bound on', () => {
    expect(absoluteRow({ ...row, ours: 3000 })).toMatchObject({ ours: 3000, met: true, target: '≥ 3,000 tasks/s' });
    expect(absoluteRow({ ...row, ours: 2999 }).met).toBe(false);
    expect(absoluteRow({ ...row, bound: { atMost: 25 }, ours: 25 })).toMatchObject({ met: true, target: '≤ 25 tasks/s' });
  });

  it('says nothing without a figure, and no when the run is void', () => {
    expect(absoluteRow({ ...row, ours: null }).met).toBeNull();
    expect(absoluteRow({ ...row, ours: null, failed: true }).met).toBe(false);
  });
});

describe('besideRow', () => {
  const row = { name: 'rate', unit: 'tasks/s', ours: 500, bound: { atLeast: 0.3 } };

  it('divides ours by theirs', () => {
    expect(besideRow({ ...row, beside: { name: 'floor', value: 1000 } })).toEqual({
      name: 'rate', unit: 'tasks/s', ours: 500, beside: 1000, besideName: 'floor', ratio: 0.5, target: '≥ 0.3×', met: true,
    });
  });

  it('divides theirs by ours where the target says faster', () => {
    const faster = besideRow({ ...row, ours: 2, beside: { name: 'slow', value: 1000 }, bound: { atLeast: 501 }, faster: true });
    expect(faster).toMatchObject({ ratio: 500, met: false, target: '≥ 501× faster' });
  });

  it('claims nothing about a peer that could not be had', () => {
    const missing = besideRow({ ...row, beside: { name: 'peer', missing: 'not installed' } });
    expect(missing).toMatchObject({ beside: null, besideName: 'peer (not installed)', ratio: null, met: null });
  });
});
