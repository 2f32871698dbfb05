import { median, percentile } from './stats';

describe('percentile', () => {
  const samples = Array.from({ length: 100 }, (_, i) => 100 - i);

  it('takes the nearest rank', () => {
    expect(percentile(samples, 0.5)).toBe(50);
    expect(percentile(samples, 0.99)).toBe(99);
    expect(percentile(samples, 1)).toBe(100);
    expect(median([7])).toBe(7);
  });

  it('refuses to make a figure out of nothing', () => {
    expect(() => percentile([], 0.5)).toThrow('no samples');
  });
});
