/** Users of a test server that may everything and are no administrators. */
import type { TestApiServer } from './api-server';

const USERS = 'users';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';

/** To be called once, before there are users. */
export async function allowUsers(server: TestApiServer): Promise<void> {
  const made = [
    await server.request('POST', `${RBAC}/clusterroles`, { body: { metadata: { name: USERS }, rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] } }),
    await server.request('POST', `${RBAC}/clusterrolebindings`, {
      body: { metadata: { name: USERS }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: USERS }, subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: USERS }] },
    }),
  ];
  for (const { code, text } of made) if (code !== 201) throw new Error(`users were not allowed: ${text}`);
}

/** @returns the user's token */
export const makeUser = async (server: TestApiServer, name: string): Promise<string> => (await server.tokens.create({ subject: name, groups: [USERS] })).token;
