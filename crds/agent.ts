import type { Condition, KubeObject, ObjectMeta } from './meta';
import { Default, defaultsOf, Description, Optional, PrinterColumns } from './schema/decorators';
import { Bool, Conditions, Int, Nested, OneOf, Text, TextList, Time } from './schema/fields';

export type AgentState = 'Ready' | 'Busy' | 'Draining' | 'Cordoned' | 'Offline';

@Description('What the operator decides about the machine.')
export class AgentSpec {
  @Description('No new attempts when true; what runs goes on. Default false.')
  @Default(false) @Bool()
  cordoned!: boolean;
}

@Description('Amounts that a machine offers.')
export class AgentResources {
  @Description('Cores.')
  @Text(32)
  cpu!: string;

  @Description('Memory.')
  @Text(32)
  memory!: string;

  @Description('Disk space.')
  @Text(32)
  scratch!: string;

  @Description('Number of attempts at once.')
  @Int(0, 1_000_000)
  slots!: number;
}

@Description('What the control plane knows of the machine.')
export class AgentStatus {
  @Description('Ready, Busy, Draining, Cordoned or Offline.')
  @Optional() @OneOf('Ready', 'Busy', 'Draining', 'Cordoned', 'Offline')
  state?: AgentState;

  @Description('Whom the agent pays: an id, from its join token.')
  @Optional() @Text(253)
  owner?: string;

  @Description('Version of the agent\'s program.')
  @Optional() @Text(64)
  version?: string;

  @Description('Operating system.')
  @Optional() @Text(32)
  os?: string;

  @Description('Processor architecture.')
  @Optional() @Text(32)
  arch?: string;

  @Description('os/arch')
  @Optional() @Text(65)
  platform?: string;

  @Description('What it offers in all.')
  @Optional() @Nested(() => AgentResources)
  capacity?: AgentResources;

  @Description('Number of attempts that it holds now.')
  @Optional() @Int(0, 1_000_000)
  running?: number;

  @Description('Ids of the runtime images that it holds.')
  @Optional() @TextList(256, 128)
  runtimes?: string[];

  @Description('When it was last heard of.')
  @Optional() @Time()
  lastSeen?: string;

  @Description('Ready.')
  @Optional() @Conditions()
  conditions?: Condition[];
}

/** A registered machine. Registers itself; the operator cordons, labels or deletes (revokes) it. */
@Description('An Agent is a machine that runs Tasks. It registers itself; the operator cordons, labels or deletes (revokes) it.')
@PrinterColumns(
  { name: 'STATUS', type: 'string', jsonPath: '.status.state' },
  { name: 'OS/ARCH', type: 'string', jsonPath: '.status.platform' },
  { name: 'CPU', type: 'string', jsonPath: '.status.capacity.cpu' },
  { name: 'MEMORY', type: 'string', jsonPath: '.status.capacity.memory' },
  { name: 'RUNNING', type: 'integer', jsonPath: '.status.running' },
  { name: 'LAST-SEEN', type: 'date', jsonPath: '.status.lastSeen' },
)
export class Agent implements KubeObject {
  apiVersion!: string;
  kind!: string;
  metadata!: ObjectMeta;

  @Default(defaultsOf(AgentSpec)) @Nested(() => AgentSpec)
  spec!: AgentSpec;

  @Nested(() => AgentStatus)
  status?: AgentStatus;
}
