// Does node_modules hold what package-lock.json says? Compares the lock with the record
// that npm keeps of what it installed (node_modules/.package-lock.json), package by package.
// Exits 0 when they agree; otherwise prints the first difference and exits 1.
import { readFileSync } from 'node:fs';

const packagesOf = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;

function firstDifference() {
  let installed;
  try {
    installed = packagesOf('node_modules/.package-lock.json');
  } catch {
    return 'nothing is installed, or an installation was broken off';
  }
  for (const [path, wanted] of Object.entries(packagesOf('package-lock.json'))) {
    if (path === '') continue;
    const found = installed[path];
    // npm leaves out optional packages that are for other platforms or did not build.
    if (!found && (wanted.optional || wanted.devOptional || wanted.peer)) continue;
    if (!found) return `${path} is missing`;
    if (found.version !== wanted.version) return `${path} is ${found.version}, the lock says ${wanted.version}`;
  }
  return undefined;
}

const difference = firstDifference();
if (difference) {
  process.stdout.write(`${difference}\n`);
  process.exit(1);
}
