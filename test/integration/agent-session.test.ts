/** The agent against the real control plane over TLS, with real Docker: jobs, cuts, restarts of either side, draining. */
import { AgentWorld } from '../support/agent-world';

jest.setTimeout(90_000);

describe('an agent with Docker', () => {
  const world = new AgentWorld();
  beforeAll(async () => {
    await world.startPlane();
    await world.deposit('100');
    await world.join('one');
    await world.startAgent('one');
  });
  afterAll(() => world.close());

  it('runs a job to its end: results, output, no open hold', async () => {
    await world.apply('three', 'echo "hello $GLEANER_INDEX"; echo "{\\"index\\": $GLEANER_INDEX}" > out/result.json; echo part > out/file.txt', 3);
    expect((await world.untilFinished('three')).status).toMatchObject({ phase: 'Complete', succeeded: 3, completedIndexes: '0-2' });
    expect(await world.results('three')).toEqual([{ index: 0 }, { index: 1 }, { index: 2 }]);
    expect(await world.text('/logs/default/three-1')).toBe('hello 1\n');
  });
});
