/** What one attempt runs: spec.template of a Job. */
import { ClassCheck, ClassRule, Default, defaultsOf, Description, Optional } from './schema/decorators';
import { Int, ListOf, Nested, Text, TextList } from './schema/fields';
import { BytesQuantity, CpuQuantity, Digest, DigestOrReference, DurationText, EnvName, FileName } from './schema/formats';
import type { Quantity } from './quantity';
import { argumentsFit, environmentFits, scriptFits } from './template-checks';

export const MAX_SCRIPT_BYTES = 256 * 1024;

@Description('The program. Exactly one of script, element and archive.')
@ClassRule<Program>({
  cel: '[has(self.script), has(self.element), has(self.archive)].filter(x, x).size() == 1',
  message: 'exactly one of script, element and archive must be set',
  holds: (self) => [self.script, self.element, self.archive].filter((each) => each !== undefined).length === 1,
})
@ClassCheck<Program>((self) => scriptFits(self.script, MAX_SCRIPT_BYTES))
export class Program {
  @Description('Text of the program, at most 256 KiB. The runtime\'s entry point runs it.')
  @Optional() @Text(MAX_SCRIPT_BYTES, 1)
  script?: string;

  @Description('Digest of an uploaded file (gleaner elements put), sha256: and 64 hexadecimal digits.')
  @Optional() @Digest()
  element?: string;

  @Description('Digest of an uploaded tar or tar.gz that is unpacked into /task/app; command says what to start.')
  @Optional() @Digest()
  archive?: string;
}

@Description('One environment variable.')
export class EnvVar {
  @Description('Letters, digits and _, not starting with a digit. GLEANER_… and JOB_COMPLETION_INDEX are reserved.')
  @EnvName()
  name!: string;

  @Description('Its value.')
  @Text(32_768)
  value!: string;
}

@Description('One input file.')
export class Input {
  @Description('File name below /task/in.')
  @FileName()
  name!: string;

  @Description('Digest of an uploaded file; or $(NAME): the index\'s value of the parameter NAME, whose values are digests.')
  @DigestOrReference()
  element!: string;
}

@Description('Caps, enforced; also what a place is looked for and credit is held for.')
export class Resources {
  @Description('Cores, from 10m to 1024. Default 1.')
  @Default('1') @CpuQuantity('10m', '1024')
  cpu!: Quantity;

  @Description('Memory with everything in it, from 6Mi to 16Ti. Default 256Mi.')
  @Default('256Mi') @BytesQuantity('6Mi', '16Ti')
  memory!: Quantity;

  @Description('Everything under /task, from 1Mi to 16Ti. Default 1Gi.')
  @Default('1Gi') @BytesQuantity('1Mi', '16Ti')
  scratch!: Quantity;

  @Description('Processes and threads, from 1 to 32768. Default 128.')
  @Default(128) @Int(1, 32_768)
  pids!: number;
}

@Description('What every Task of the Job runs.')
@ClassRule<TaskTemplate>({
  cel: '!has(self.program.archive) || (has(self.command) && size(self.command) > 0)',
  message: 'an archive needs a command: say which of its files to start, such as ["./run.sh"]',
  field: 'command',
  type: 'Required',
  holds: (self) => self.program.archive === undefined || (self.command !== undefined && self.command.length > 0),
})
@ClassCheck<TaskTemplate>((self) => [...environmentFits(self.env), ...argumentsFit(self.command, self.args)])
export class TaskTemplate {
  @Description('What to run: exactly one of script, element and archive.')
  @Nested(() => Program)
  program!: Program;

  @Description('Started instead of the runtime\'s entry point.')
  @Optional() @TextList(256, 32_768)
  command?: string[];

  @Description('Arguments of the program.')
  @Optional() @TextList(256, 32_768)
  args?: string[];

  @Description('Environment variables, at most 256 and 128 KiB in all.')
  @Optional() @ListOf(() => EnvVar, 256, 'name')
  env?: EnvVar[];

  @Description('Uploaded files that are placed at /task/in/<name>, at most 256.')
  @Optional() @ListOf(() => Input, 256, 'name')
  inputs?: Input[];

  @Description('Caps of one attempt.')
  @Default(defaultsOf(Resources)) @Nested(() => Resources)
  resources!: Resources;

  @Description('How long one attempt may run, from 1s to 168h. Default 10m.')
  @Default('10m') @DurationText('1s', '168h')
  timeout!: string;

  @Description('Time between SIGTERM and SIGKILL, from 0s to 10m. Default 10s.')
  @Default('10s') @DurationText('0s', '10m')
  gracePeriod!: string;
}
