import { errorOf, mayPass, retryAfterMs, type Status } from './errors';

const status = (more: Partial<Status>): Status => ({ kind: 'Status', ...more });

test.each([
  [404, status({ reason: 'NotFound' }), 'NotFound', false],
  [409, status({ reason: 'AlreadyExists' }), 'AlreadyExists', false],
  [409, status({ reason: 'Conflict' }), 'Conflict', false],
  [410, status({ reason: 'Expired' }), 'Expired', false],
  [400, 'not JSON', 'Invalid', false],
  [422, status({ reason: 'Invalid' }), 'Invalid', false],
  [401, status({ reason: 'Unauthorized' }), 'Unavailable', false],
  [403, status({ reason: 'Forbidden' }), 'Unavailable', false],
  [403, status({ reason: 'Forbidden', details: { causes: [{ reason: 'NamespaceTerminating' }] } }), 'Invalid', false],
  [429, status({ reason: 'TooManyRequests' }), 'Unavailable', true],
  [500, status({ message: 'etcdserver: leader changed' }), 'Unavailable', true],
  [500, status({ message: 'etcdserver: mvcc: required revision is a future revision' }), 'FutureVersion', false],
  [504, status({ reason: 'Timeout', details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } }), 'FutureVersion', true],
])('%d %j is %s', (code, body, reason, again) => {
  expect([errorOf(code, body, 'get x').reason, mayPass(code, body)]).toEqual([reason, again]);
});

test('the message says what was asked and what the server said', () => {
  expect(errorOf(422, status({ message: 'spec.x: Invalid value' }), 'update jobs a').message).toBe('update jobs a: spec.x: Invalid value');
  expect(errorOf(502, '<html>', 'get x').message).toBe('get x: the Kubernetes API answered 502');
});

test('how long to wait is in the header, else in the Status', () => {
  expect([retryAfterMs('3', undefined), retryAfterMs(undefined, status({ details: { retryAfterSeconds: 2 } })), retryAfterMs('soon', 'x'), retryAfterMs(undefined, undefined)])
    .toEqual([3000, 2000, undefined, undefined]);
});
