import { agentDecider, type AgentLeases } from './agent-authorizer';
import { AGENTS_GROUP, agentUser } from './authenticators/client-certificate';
import { firstOpinion, masters, MASTERS, type Decision } from './authorizer';

const leases: AgentLeases = {
  ofTask: (agent, namespace, task) => agent === 'a1' && namespace === 'lab' && task === 'pi-0',
  ofJob: (agent, namespace, job) => agent === 'a1' && namespace === 'lab' && job === 'pi',
};
const decide = agentDecider(leases);
const a1 = { user: agentUser('a1'), groups: [AGENTS_GROUP] };
const asks = (verb: string, plural: string, name: string, { namespace = 'lab', group = 'gleaner.dev', subresource = '' } = {}) => ({ verb, resource: { group, plural, subresource, namespace, name }, path: '' });

test.each<[string, ReturnType<typeof asks>, Decision['outcome']]>([
  ['its own Agent', asks('get', 'agents', 'a1', { namespace: '' }), 'allow'],
  ['another Agent', asks('get', 'agents', 'a2', { namespace: '' }), 'deny'],
  ['its own Agent, to change it', asks('update', 'agents', 'a1', { namespace: '' }), 'deny'],
  ['the status of its own Agent', asks('get', 'agents', 'a1', { namespace: '', subresource: 'status' }), 'deny'],
  ['a Task that is leased to it', asks('get', 'tasks', 'pi-0'), 'allow'],
  ['a Task of the same name elsewhere', asks('get', 'tasks', 'pi-0', { namespace: 'other' }), 'deny'],
  ['another Task of the Job', asks('get', 'tasks', 'pi-1'), 'deny'],
  ['the Job of that Task', asks('get', 'jobs', 'pi'), 'allow'],
  ['another Job', asks('get', 'jobs', 'e'), 'deny'],
  ['all Tasks', asks('list', 'tasks', ''), 'deny'],
  ['a watch of that Task', asks('watch', 'tasks', 'pi-0'), 'deny'],
  ['the results of that Job', asks('get', 'jobs', 'pi', { subresource: 'results' }), 'deny'],
  ['a Job of another group', asks('get', 'jobs', 'pi', { group: 'batch' }), 'deny'],
  ['secrets', asks('get', 'secrets', 'x', { group: '' }), 'deny'],
  ['an account', asks('get', 'accounts', 'issuer-lab', { namespace: '' }), 'deny'],
])('%s', (_, attributes, outcome) => {
  expect(decide(a1, attributes).outcome).toBe(outcome);
});

test('paths are not for agents, and no role helps', () => {
  const everyone = firstOpinion(decide, () => ({ outcome: 'allow', reason: 'a role' }));
  expect(everyone(a1, { verb: 'get', path: '/metrics' }).outcome).toBe('deny');
  expect(everyone(a1, asks('get', 'secrets', 'x', { group: '' })).outcome).toBe('deny');
});

test('who is no agent is not its matter; who only says so gets nothing', () => {
  expect(decide({ user: 'alice', groups: ['system:authenticated'] }, asks('get', 'agents', 'a1')).outcome).toBe('none');
  expect(decide({ user: 'alice', groups: [AGENTS_GROUP] }, asks('get', 'agents', 'a1')).outcome).toBe('deny');
  expect(firstOpinion(masters, decide)({ user: 'alice', groups: [AGENTS_GROUP, MASTERS] }, asks('get', 'agents', 'a1')).outcome).toBe('allow');
});
