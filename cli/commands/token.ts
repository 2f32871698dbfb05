/** `gleaner token create|list|revoke`. */
import { type Command, Option } from 'commander';
import { type Format, note, print, table } from '../output';
import { formatOption, type TargetOptions, targetOptions, withClient } from '../target';

/** As `/tokens` lists them: never the token itself. */
interface TokenInfo {
  id: string;
  subject: string;
  groups: string[];
  createdAt: string;
  expiresAt?: string;
}

interface CreateOptions extends TargetOptions {
  kind: string;
  owner: string;
  user?: string;
  uses: string;
  group: string[];
  ttl?: string;
  output: Format;
}

/** An option that may be repeated. */
const collect = (value: string, all: string[]): string[] => [...all, value];

export function addTokenCommands(program: Command): void {
  const token = program.command('token').description('tokens for agents and people');
  formatOption(targetOptions(token.command('create').description('make a token; it is shown once'), false))
    .option('--kind <kind>', 'agent (to join) or user (a bearer token)', 'agent')
    .option('--owner <owner>', 'agent: whom its earnings go to; user: its name', 'operator')
    .option('--user <name>', 'the same as --kind user --owner NAME')
    .option('--uses <n>', 'agent: how many machines may join with it', '1')
    .addOption(new Option('--group <group>', 'user: a group, whose rights it has; system:masters may do everything; repeat for more').argParser(collect).default([], 'none'))
    .option('--ttl <duration>', 'how long it is good (agent: 1h when not said; user: no end when not said)')
    .addHelpText('after', [
      '',
      'Examples:',
      '  gleaner token create --owner alice --uses 40 --ttl 24h',
      '  gleaner token create --user ci --group system:masters --ttl 720h',
      '  gleaner token create --user ann && kubectl create clusterrolebinding ann --clusterrole=gleaner-operator --user=ann',
    ].join('\n'))
    .action(async ({ user, ...given }: CreateOptions) =>
      withClient(given, async (client) => {
        const options = user === undefined ? given : { ...given, kind: 'user', owner: user };
        const body = {
          kind: options.kind,
          owner: options.owner,
          ...(options.kind === 'agent' ? { uses: Number(options.uses) } : { groups: options.group }),
          ...(options.ttl === undefined ? {} : { ttl: options.ttl }),
        };
        const made = await client.json<{ token: string; id: string; expiresAt?: string }>('POST', '/tokens', body);
        print(options.output, made, () => made.token);
        if (options.kind === 'user' && !options.group.includes('system:masters')) note(`what this user may do is up to roles: kubectl create rolebinding ${options.owner} -n NAMESPACE --clusterrole=gleaner-issuer --user=${options.owner}`);
        if (options.output === 'table' && made.expiresAt !== undefined) note(`good until ${made.expiresAt}`);
      }));

  formatOption(targetOptions(token.command('list').description('the tokens of people that are good; never the tokens themselves'), false))
    .addHelpText('after', '\nExample:\n  gleaner token list')
    .action(async (options: TargetOptions & { output: Format }) =>
      withClient(options, async (client) => {
        const { tokens } = await client.json<{ tokens: TokenInfo[] }>('GET', '/tokens');
        print(options.output, tokens, () => table(['ID', 'USER', 'GROUPS', 'CREATED', 'EXPIRES'], tokens.map(({ id, subject, groups, createdAt, expiresAt }) => [id, subject, groups.join(','), createdAt, expiresAt ?? 'never'])));
      }));

  formatOption(targetOptions(token.command('revoke <id>').description('end a token of a person at once'), false))
    .addHelpText('after', '\nExample:\n  gleaner token revoke 4f1c2a9b7d3e6f80')
    .action(async (id: string, options: TargetOptions & { output: Format }) =>
      withClient(options, async (client) => {
        const revoked = await client.json<TokenInfo>('DELETE', `/tokens/${encodeURIComponent(id)}`);
        print(options.output, revoked, () => `token ${revoked.id} of ${revoked.subject} is refused from now on`);
      }));
}
