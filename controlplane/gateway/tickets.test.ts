import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Aliases, loadGatewayKey, Tickets } from './tickets';

const key = Buffer.alloc(32, 1);

test('a ticket is good for its lease until it expires', () => {
  let now = 1_000_000;
  const tickets = new Tickets(key, () => now);
  const ticket = tickets.issue('uid/1', now + 60_000);
  expect(tickets.verify(ticket)).toEqual({ lease: 'uid/1' });
  now += 61_000;
  expect(tickets.verify(ticket)).toEqual({ refused: 'Expired' });
});

test('any change of it is seen, and another key signs otherwise', () => {
  const tickets = new Tickets(key, () => 0);
  const ticket = tickets.issue('uid/1', 60_000);
  for (let at = 0; at < ticket.length; at += 1) {
    const changed = `${ticket.slice(0, at)}${ticket[at] === 'x' ? 'y' : 'x'}${ticket.slice(at + 1)}`;
    expect(tickets.verify(changed)).toHaveProperty('refused');
  }
  expect(new Tickets(Buffer.alloc(32, 2), () => 0).verify(ticket)).toEqual({ refused: 'Forged' });
  expect(tickets.verify('x'.repeat(10_000))).toEqual({ refused: 'Malformed' });
});

test('aliases are stable within a job and differ between jobs', () => {
  const aliases = new Aliases(key);
  expect(aliases.agent('a', 'j')).toBe(new Aliases(key).agent('a', 'j'));
  expect(aliases.agent('a', 'j')).toMatch(/^agent-[0-9a-f]{8}$/);
  expect(new Set([aliases.agent('a', 'j'), aliases.agent('a', 'k'), aliases.agent('b', 'j')]).size).toBe(3);
  expect(aliases.job('j')).not.toContain('j');
});

test('the key is made once, readable by its owner only; a damaged one is refused', () => {
  const dir = mkdtempSync(join(tmpdir(), 'gleaner-key-'));
  try {
    // A server that died while it made the key.
    writeFileSync(join(dir, 'gateway.key.new'), '');
    const made = loadGatewayKey(dir);
    expect(readdirSync(dir)).toEqual(['gateway.key']);
    expect(loadGatewayKey(dir)).toEqual(made);
    expect(statSync(join(dir, 'gateway.key')).mode & 0o777).toBe(0o600);
    writeFileSync(join(dir, 'gateway.key'), 'short');
    expect(() => loadGatewayKey(dir)).toThrow(/5 bytes instead of 32/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
