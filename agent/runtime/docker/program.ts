/** Puts a program and its inputs where the container will see them read-only: `<folder>/app` as /task/app, `<folder>/in` as /task/in. */
import { chmod, copyFile, link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TaskProgram } from '../../../crds/agent-link';
import type { FetchElement } from '../runtime';
import { unpack } from './unpack';

export const PROGRAM_PATH = '/task/app/main';
const INPUT_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,254}$/;

/** Shares the cache's file where it can: it is read-only, and stays when the cache drops its own name of it. */
async function share(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to));
}

/** @throws Error when something cannot be fetched or unpacked: the attempt's InputUnavailable. */
export async function layOut(folder: string, program: TaskProgram, fetch: FetchElement, signal: AbortSignal): Promise<void> {
  const app = join(folder, 'app');
  const inputs = join(folder, 'in');
  await Promise.all([mkdir(app, { mode: 0o755 }), mkdir(inputs, { mode: 0o755 })]);
  const main = async (): Promise<void> => {
    if (program.archive !== undefined) {
      await unpack(await fetch(program.archive, signal), app, program.resources.scratchBytes, signal);
    } else if (program.element !== undefined) {
      await copyFile(await fetch(program.element, signal), join(app, 'main'));
      await chmod(join(app, 'main'), 0o755);
    } else {
      await writeFile(join(app, 'main'), program.script ?? '', { mode: 0o755 });
    }
  };
  await Promise.all([main(), ...program.inputs.map(async ({ name, element }) => {
    if (!INPUT_NAME.test(name)) throw new Error(`the input's name ${JSON.stringify(name)} is not a plain file name`);
    await share(await fetch(element, signal), join(inputs, name));
  })]);
}

/** What the container executes. */
export function commandOf(program: TaskProgram): string[] {
  const start = program.command && program.command.length > 0 ? program.command : [...program.entrypoint, PROGRAM_PATH];
  return [...start, ...program.args];
}
