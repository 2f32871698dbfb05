/** For tests that start child processes from the compiled program. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

const ROOT = join(__dirname, '..', '..');

/**
 * The compiled form of a source file.
 * @param folders sources that it is made of, relative to the repository
 * @throws Error when the build is missing or older than any of them
 */
export function builtFile(source: string, folders: string[]): string {
  for (const file of [source, ...folders.flatMap((folder) => sourcesOf(join(ROOT, folder)))]) {
    const compiled = compiledOf(file);
    if (!existsSync(compiled)) throw new Error(`${relative(ROOT, compiled)} is missing: run \`make build\` before this test`);
    if (statSync(compiled).mtimeMs < statSync(join(ROOT, file)).mtimeMs) throw new Error(`${relative(ROOT, compiled)} is older than ${file}: run \`make build\` before this test`);
  }
  return compiledOf(source);
}

function compiledOf(source: string): string {
  return join(ROOT, 'build', 'js', source.replace(/\.ts$/, '.js'));
}

function sourcesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => relative(ROOT, join(folder, file)));
}
