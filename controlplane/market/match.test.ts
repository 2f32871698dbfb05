import { match, occupy, room } from './match';
import { agent, amounts, GIB, shape } from './test-support';

describe('match', () => {
  test.each([
    ['fits', {}, {}, undefined],
    ['offline', { availability: 'Offline' as const }, {}, 'Offline'],
    ['cordoned', { availability: 'Cordoned' as const }, {}, 'Cordoned'],
    ['draining', { availability: 'Draining' as const }, {}, 'Draining'],
    ['another platform', { platform: 'linux/arm64' }, {}, 'Platform'],
    ['one of several platforms', { platform: 'linux/arm64' }, { platforms: ['linux/amd64', 'linux/arm64'] }, undefined],
    ['too few cores', {}, { amounts: amounts({ cpuMillis: 4001 }) }, 'Cpu'],
    ['exactly its cores', {}, { amounts: amounts({ cpuMillis: 4000 }) }, undefined],
    ['too little memory', {}, { amounts: amounts({ memoryBytes: 9 * GIB }) }, 'Memory'],
    ['too little scratch', {}, { amounts: amounts({ scratchBytes: 9 * GIB }) }, 'Scratch'],
    ['asks more', { askMicro: 800_001n }, {}, 'Ask'],
    ['asks just that', { askMicro: 800_000n }, {}, undefined],
  ])('%s', (_name, facts, wanted, reason) => {
    expect(match(agent(facts), shape(wanted))).toBe(reason);
  });
});

describe('room', () => {
  test.each([
    ['by slots', {}, amounts({ cpuMillis: 1 }), 4],
    ['by cores', {}, amounts({ cpuMillis: 1500 }), 2],
    ['by memory', {}, amounts({ cpuMillis: 1, memoryBytes: 3 * GIB }), 2],
    ['what asks for nothing', {}, amounts({ cpuMillis: 0, memoryBytes: 0, scratchBytes: 0 }), 4],
    ['more used than there is', { used: { cpuMillis: 9000, memoryBytes: 0, scratchBytes: 0, slots: 9 } }, amounts(), 0],
  ])('%s', (_name, facts, wanted, count) => {
    expect(room(agent(facts), shape({ amounts: wanted }))).toBe(count);
  });

  test('what is occupied is not free, and is free again afterwards', () => {
    const one = agent();
    occupy(one.used, amounts(), 3);
    expect(room(one, shape())).toBe(1);
    occupy(one.used, amounts(), -3);
    expect(one.used).toEqual({ cpuMillis: 0, memoryBytes: 0, scratchBytes: 0, slots: 0 });
  });
});
