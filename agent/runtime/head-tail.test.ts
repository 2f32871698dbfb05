import { MAX_LOG_BYTES } from '../../crds/agent-link';
import { HEAD_BYTES, HeadTail, TAIL_BYTES } from './head-tail';

function collect(chunks: Buffer[]): Buffer {
  const kept = Buffer.alloc(MAX_LOG_BYTES * 2);
  let end = 0;
  const bound = new HeadTail((offset, data) => {
    data.copy(kept, offset);
    end = Math.max(end, offset + data.length);
  });
  for (const chunk of chunks) bound.write(chunk);
  bound.end();
  return kept.subarray(0, end);
}
const bytes = (count: number, from = 0): Buffer => Buffer.from(Array.from({ length: count }, (_, i) => (from + i) % 251));

describe('HeadTail', () => {
  it.each([0, 1, 1000, HEAD_BYTES, HEAD_BYTES + 1, HEAD_BYTES + TAIL_BYTES])('keeps all of %d bytes', (count) => {
    const all = bytes(count);
    const chunks: Buffer[] = [];
    for (let at = 0; at < count; at += 70_001) chunks.push(all.subarray(at, at + 70_001));
    expect(collect(chunks).equals(all)).toBe(true);
  });

  it('keeps head and tail of more, says what is missing, and stays within the bound', () => {
    const all = bytes(5 * MAX_LOG_BYTES);
    const chunks: Buffer[] = [];
    for (let at = 0; at < all.length; at += 32_768) chunks.push(all.subarray(at, at + 32_768));
    const kept = collect(chunks);
    expect(kept.length).toBeLessThanOrEqual(MAX_LOG_BYTES);
    expect(kept.subarray(0, HEAD_BYTES).equals(all.subarray(0, HEAD_BYTES))).toBe(true);
    expect(kept.subarray(-TAIL_BYTES).equals(all.subarray(-TAIL_BYTES))).toBe(true);
    expect(kept.subarray(HEAD_BYTES, -TAIL_BYTES).toString()).toBe(`\n[truncated: ${4 * MAX_LOG_BYTES + 64} bytes not kept]\n`);
  });

  it('handles one chunk larger than everything', () => {
    const all = bytes(3 * MAX_LOG_BYTES);
    const kept = collect([all]);
    expect(kept.subarray(-TAIL_BYTES).equals(all.subarray(-TAIL_BYTES))).toBe(true);
    expect(kept.length).toBeLessThanOrEqual(MAX_LOG_BYTES);
  });
});
