/**
 * Writes docs/cli/: one page per command, from the same text as `--help`.
 * Usage: node docs.js [--check]   (--check: exit code 1 when a page differs from what would be written)
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { buildProgram } from './main';

const leaves = (command: Command, path: string[]): { path: string[]; command: Command }[] =>
  command.commands.length === 0 ? [{ path, command }] : command.commands.filter((c) => c.name() !== 'help').flatMap((c) => leaves(c, [...path, c.name()]));

/** The help text as a person sees it at 100 columns. */
function helpText(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (s) => { text += s; }, getOutHelpWidth: () => 100, getOutHasColors: () => false });
  command.outputHelp();
  return text.trim();
}

/** File name → content. */
export function cliPages(): Map<string, string> {
  const pages = new Map<string, string>();
  const index: string[] = [];
  for (const { path, command } of leaves(buildProgram(), ['gleaner'])) {
    const file = `${path.slice(1).join('-')}.md`;
    pages.set(file, `# ${path.join(' ')}\n\n${command.description()}.\n\n\`\`\`\n${helpText(command)}\n\`\`\`\n`);
    index.push(`| [\`${path.join(' ')}\`](${file}) | ${command.description()} |`);
  }
  pages.set('README.md', [
    '# Commands',
    '',
    '`gleaner` is also a kubectl plugin: put `bin/` on the `PATH` and call `kubectl gleaner`.',
    '',
    'A command finds its server by `--data DIR` (the kubeconfig in a server\'s data folder), otherwise `$KUBECONFIG`, otherwise `~/.gleaner`.',
    '',
    '| command | what |',
    '|---|---|',
    ...index,
    '',
    '| exit code | meaning |',
    '|---|---|',
    '| 0 | done |',
    '| 1 | it failed, or what was asked for does not hold (`ledger verify` found something) |',
    '| 2 | wrong usage |',
    '| 3 | server or data folder not found or not reachable |',
    '| 4 | not allowed |',
    '| 5 | no such object |',
    '| 6 | timed out |',
    '',
    'Output for people goes to stderr, output for programs to stdout; `-o json` and `-o yaml` are stable.',
    '',
  ].join('\n'));
  return pages;
}

/** @returns names of pages that differ from what is on disk */
export function stalePages(dir: string): string[] {
  const pages = cliPages();
  const onDisk = new Set(readdirSync(dir));
  return [...new Set([...pages.keys(), ...onDisk])].filter((file) => !onDisk.has(file) || pages.get(file) !== readFileSync(join(dir, file), 'utf8'));
}

if (require.main === module) {
  const dir = join(process.cwd(), 'docs', 'cli');
  if (process.argv.includes('--check')) {
    const stale = stalePages(dir);
    if (stale.length > 0) {
      process.stderr.write(`docs/cli is not up to date (${stale.join(', ')}): run make generate\n`);
      process.exitCode = 1;
    }
  } else {
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir, { recursive: true });
    for (const [file, text] of cliPages()) writeFileSync(join(dir, file), text);
  }
}
