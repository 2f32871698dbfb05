/** `gleaner explain job/NAME`: why something does not run. */
import type { Command } from 'commander';
import { type Format, print, table } from '../output';
import { formatOption, type TargetOptions, nameOf, targetOptions, withClient } from '../target';

interface ExplainBody {
  phase: string;
  summary: string;
  agents: number;
  fits: number;
  excluded: { reason: string; agents: number }[];
  conditions: { type: string; status: string; reason: string; message: string }[];
}

export function addExplainCommand(program: Command): void {
  formatOption(targetOptions(program.command('explain <job>').description('why a Job runs or does not: conditions, and how many agents each reason excludes')))
    .addHelpText('after', '\nExample:\n  gleaner explain job/pi')
    .action(async (job: string, options: TargetOptions & { output: Format }) =>
      withClient(options, async (client) => {
        const name = nameOf('job', job);
        const body = await client.json<ExplainBody>('GET', `/explain/${encodeURIComponent(client.target.namespace)}/${encodeURIComponent(name)}`);
        print(options.output, body, () => {
          const finished = body.conditions.find((c) => c.type === 'Finished' && c.status === 'True');
          const lines = [`job/${name}: ${body.phase}. ${finished?.message ?? body.summary}`, ''];
          lines.push(table(['CONDITION', 'STATUS', 'REASON', 'MESSAGE'], body.conditions.map((c) => [c.type, c.status, c.reason, c.message])));
          if (finished) return lines.join('\n');
          lines.push('', `agents: ${body.agents}, fit: ${body.fits}`);
          if (body.excluded.length > 0) lines.push(table(['AGENTS', 'EXCLUDED BECAUSE'], body.excluded.map((e) => [e.agents, e.reason.replace(/^\d+ /, '')])));
          return lines.join('\n');
        });
      }));
}
