import { goPlatform } from './non-resource';

test.each([
  ['linux', 'x64', 'linux/amd64'], ['linux', 'arm64', 'linux/arm64'], ['darwin', 'arm64', 'darwin/arm64'], ['win32', 'x64', 'windows/amd64'], ['linux', 'ia32', 'linux/386'],
])('%s on %s is %s to Go', (system, architecture, expected) => {
  expect(goPlatform(system, architecture)).toBe(expected);
});
