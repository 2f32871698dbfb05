import { summarizeFit } from './fit';
import { agent, amounts, GIB, shape } from './test-support';

const never = (): boolean => false;
const big = shape({ amounts: amounts({ memoryBytes: 64 * GIB }) });
const message = (...args: Parameters<typeof summarizeFit>): string => summarizeFit(...args).message;

test('the words of the API', () => {
  const agents = [agent(), agent(), agent({ askMicro: 900_000n, total: { cpuMillis: 4000, memoryBytes: 128 * GIB, scratchBytes: 8 * GIB, slots: 1 } })];
  expect(summarizeFit(big, agents, never)).toEqual({
    agents: 3, fitting: 0, suitable: 0,
    excluded: [{ reason: 'Memory', agents: 2, text: '2 too small for memory 64Gi' }, { reason: 'Ask', agents: 1, text: '1 asks more than tier standard pays' }],
    message: '3 agents: 2 too small for memory 64Gi, 1 asks more than tier standard pays',
  });
});

test.each([
  ['none at all', [], 'no agent is registered: join one with "gleaner agent join"'],
  ['one fits', [agent()], '1 agent: 1 fits'],
  ['busy', [agent({ used: { cpuMillis: 0, memoryBytes: 0, scratchBytes: 0, slots: 4 } })], '1 agent: 1 busy'],
  ['no engine', [agent({ total: { cpuMillis: 0, memoryBytes: 0, scratchBytes: 0, slots: 0 } })], '1 agent: 1 offers nothing now (no container engine answers there)'],
  ['mixed', [agent({ platform: 'linux/arm64' }), agent({ availability: 'Offline' }), agent(), agent()], '4 agents: 2 fit, 1 not of platform linux/amd64, 1 offline'],
])('%s', (_name, agents, expected) => {
  expect(message(shape(), agents, never)).toBe(expected);
});

test('who declined counts as suitable, not as fitting', () => {
  expect(summarizeFit(shape(), [agent()], () => true)).toMatchObject({ suitable: 1, fitting: 0, message: '1 agent: 1 declined' });
});

test('credit, budget and missing objects come first', () => {
  expect(message(shape(), [agent()], never, { parked: { reason: 'InsufficientCredit', missingMicro: 1_500_000n, availableMicro: 20_000n } }))
    .toBe('1.50 credits are missing for the next task (available: 0.02): deposit more, or lower resources or timeout');
  expect(message(shape(), [agent()], never, { parked: { reason: 'BudgetExhausted', missingMicro: 1n } })).toContain('raise spec.maxCost');
  expect(summarizeFit(undefined, [agent()], never, { unschedulable: 'there is no Runtime "x"' })).toMatchObject({ agents: 1, fitting: 0, excluded: [], message: 'there is no Runtime "x"' });
});
