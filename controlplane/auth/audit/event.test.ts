import fc from 'fast-check';

import { auditLine, type Served } from './event';
import type { RequestRecord } from './record';

const served: Served = {
  auditId: 'id-1', method: 'GET', uri: '/api/v1/namespaces/lab/secrets/s', userAgent: 'kubectl/v1.32', address: '192.0.2.7', code: 200,
  receivedAt: Date.parse('2026-01-01T00:00:00.001Z'), endedAt: Date.parse('2026-01-01T00:00:00.005Z'),
};
const parse = (record: RequestRecord, more: Partial<Served> = {}): Record<string, unknown> => {
  const line = auditLine(record, { ...served, ...more });
  expect(line.endsWith('\n') && !line.slice(0, -1).includes('\n')).toBe(true);
  return JSON.parse(line) as Record<string, unknown>;
};
const attributes = { verb: 'get', resource: { group: '', plural: 'secrets', subresource: '', namespace: 'lab', name: 's' }, path: '' };

test('a request that was allowed', () => {
  expect(parse({ identity: { user: 'ann', groups: ['lab'], uid: '7', extra: { a: ['b'] } }, attributes, apiVersion: 'v1', decision: 'allow' })).toEqual({
    kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'Metadata', auditID: 'id-1', stage: 'ResponseComplete', requestURI: served.uri, verb: 'get',
    user: { username: 'ann', uid: '7', groups: ['lab'], extra: { a: ['b'] } }, sourceIPs: ['192.0.2.7'], userAgent: 'kubectl/v1.32',
    objectRef: { resource: 'secrets', namespace: 'lab', name: 's', apiVersion: 'v1' }, responseStatus: { metadata: {}, code: 200 },
    requestReceivedTimestamp: '2026-01-01T00:00:00.001000Z', stageTimestamp: '2026-01-01T00:00:00.005000Z', annotations: { 'authorization.k8s.io/decision': 'allow' },
  });
});

test('one that was refused, by somebody acting as somebody else', () => {
  const resource = { ...attributes.resource, group: 'gleaner.dev', plural: 'jobs', subresource: 'status' };
  expect(parse({ identity: { user: 'root', groups: [] }, impersonated: { user: 'bob', groups: ['g'] }, attributes: { ...attributes, resource }, apiVersion: 'gleaner.dev/v1alpha1', decision: 'forbid', reason: 'no' }, { code: 403 })).toMatchObject({
    user: { username: 'root', groups: [] }, impersonatedUser: { username: 'bob', groups: ['g'] },
    objectRef: { resource: 'jobs', apiGroup: 'gleaner.dev', apiVersion: 'v1alpha1', subresource: 'status' }, responseStatus: { status: 'Failure', code: 403 },
    annotations: { 'authorization.k8s.io/decision': 'forbid', 'authorization.k8s.io/reason': 'no' },
  });
});

test('one of which nothing is known but that it came', () => {
  const event = parse({}, { code: 401, address: '', userAgent: '' });
  expect(event).toMatchObject({ user: { username: 'system:anonymous', groups: ['system:unauthenticated'] }, verb: 'get', sourceIPs: [] });
  expect(Object.keys(event)).not.toEqual(expect.arrayContaining(['objectRef', 'annotations', 'userAgent']));
});

test('whatever clients send, a line is one JSON object of bounded length that says the same', () => {
  const text = fc.string({ unit: 'binary', maxLength: 5000 });
  fc.assert(fc.property(text, text, text, text, (user, uri, userAgent, reason) => {
    const event = parse({ identity: { user, groups: [user] }, attributes: { ...attributes, verb: user }, decision: 'forbid', reason }, { uri, userAgent });
    expect(event.user).toEqual({ username: user, groups: [user] });
    expect(uri.startsWith((event.requestURI as string).slice(0, 2000))).toBe(true);
    expect((event.requestURI as string).length + ((event.userAgent as string | undefined)?.length ?? 0)).toBeLessThanOrEqual(2048 + 256 + 2);
  }));
});
