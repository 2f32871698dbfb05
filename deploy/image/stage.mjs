// Lays out what `gleaner` needs to run: compiled code, definitions, and the packages that package-lock.json does not call development ones.
//
//   node deploy/image/stage.mjs ROOT TO
//
// The runtime images are copied too (`make images`): the control plane hands them to agents. Sources, tests, types, source maps and what packages were compiled from are left out. Fails when a package is missing.
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const [root, to] = process.argv.slice(2);
if (!root || !to) throw new Error('usage: node deploy/image/stage.mjs ROOT TO');

const OURS = ['bin/gleaner', 'build/js', 'build/images', 'crds/generated', 'runtime-images/seccomp', 'package.json', 'LICENSE'];
const UNUSED = /\.(map|md|markdown|d\.[cm]?ts|test\.js|support\.js)$/;
/** Folders of a package that its code does not load. */
const UNUSED_FOLDERS = /^(\.github|test|tests|docs?|examples?|deps|src|obj|obj\.target)$/;

const copy = (path, keep) => {
  mkdirSync(dirname(join(to, path)), { recursive: true });
  cpSync(join(root, path), join(to, path), { recursive: true, dereference: true, filter: keep });
};

for (const path of OURS) {
  copy(path, (file) => !UNUSED.test(file) && !/build\/js\/(test|bench)$/.test(file));
}
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
for (const [path, { dev, devOptional, optional }] of Object.entries(packages)) {
  if (path === '' || dev || devOptional) continue;
  if (!existsSync(join(root, path))) {
    if (optional) continue;
    throw new Error(`${path} is not installed: run make deps`);
  }
  const native = existsSync(join(root, path, 'binding.gyp'));
  copy(path, (file) => {
    const inner = file.slice(join(root, path).length + 1);
    if (inner === 'node_modules' || UNUSED.test(inner)) return false;
    const name = inner.slice(inner.lastIndexOf('/') + 1);
    // Only packages that were compiled keep sources beside what runs; elsewhere `src` may be what is loaded.
    return !(UNUSED_FOLDERS.test(name) && (native || !['src', 'deps', 'doc', 'docs', 'test', 'tests', 'example', 'examples', 'obj'].includes(name)));
  });
}
