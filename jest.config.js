/** @type {import('jest').Config} */
const swc = ['@swc/jest', {
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
  },
  module: { type: 'commonjs' },
  sourceMaps: 'inline',
}];
const common = {
  testEnvironment: 'node',
  transform: { '^.+\\.(ts|js|mjs)$': swc },
  // These are published as ES modules only, which jest's module loader cannot require.
  transformIgnorePatterns: ['/node_modules/(?!(jose|@kubernetes/client-node|openid-client|oauth4webapi|rfc4648|jsonpath-plus)/)', '<rootDir>/build/'],
  modulePathIgnorePatterns: ['<rootDir>/build/'],
  setupFiles: ['reflect-metadata'],
};
// What runs a kubectl of the test's choosing: not kubectl-old (its own kubectl) nor kubectl-protocol (plain HTTP).
const KUBECTL_TESTS = ['integration/kubectl{,-apply,-auth,-cascade,-cmd,-crd,-output,-rbac}', 'integration/crd-kubectl', 'e2e/pods'].map((name) => `<rootDir>/test/${name}.test.ts`);
module.exports = {
  testTimeout: 30_000,
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/{crds,controlplane,agent,cli,bench}/**/*.test.ts'] },
    { ...common, displayName: 'integration', testMatch: ['<rootDir>/test/integration/**/*.test.ts', '!**/agent-docker*.test.ts'] },
    // Look at all containers of the engine and at CPU time: one at a time.
    { ...common, displayName: 'docker', testMatch: ['<rootDir>/test/integration/agent-docker*.test.ts'] },
    // The same tests of kubectl with the newest one (scripts/ensure-kube.sh).
    { ...common, displayName: 'kubectl-current', setupFiles: [...common.setupFiles, '<rootDir>/test/support/kubectl-current/use.js'], testMatch: KUBECTL_TESTS },
    { ...common, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.test.ts'] },
  ],
};
