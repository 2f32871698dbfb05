import type { KubeObject, ObjectMeta } from './meta';
import { Description, Optional, PrinterColumns } from './schema/decorators';
import { Int, Nested, TextList } from './schema/fields';
import { Digest, Platforms } from './schema/formats';

@Description('Which image, and how it starts programs.')
export class RuntimeSpec {
  @Description('Image id sha256:… as docker image inspect gives it.')
  @Digest()
  image!: string;

  @Description('Digest of the image as a docker-archive tarball: an uploaded element.')
  @Digest()
  archive!: string;

  @Description('Started with the program\'s path as its last argument.')
  @TextList(64, 4096, 1)
  entrypoint!: string[];

  @Description('Where it runs: os/arch, such as linux/amd64.')
  @TextList(32, 65, 1) @Platforms()
  platforms!: string[];
}

@Description('What the control plane knows of the runtime.')
export class RuntimeStatus {
  @Description('Number of agents that hold the image.')
  @Optional() @Int(0, Number.MAX_SAFE_INTEGER)
  cachedOn?: number;
}

/** A generic runtime image that the platform offers. */
@Description('A Runtime is a generic image that the platform offers; Jobs choose one with spec.runtime.')
@PrinterColumns(
  { name: 'IMAGE', type: 'string', jsonPath: '.spec.image' },
  { name: 'DIGEST', type: 'string', jsonPath: '.spec.archive' },
  { name: 'CACHED-ON', type: 'integer', jsonPath: '.status.cachedOn' },
)
export class Runtime implements KubeObject {
  apiVersion!: string;
  kind!: string;
  metadata!: ObjectMeta;

  @Nested(() => RuntimeSpec)
  spec!: RuntimeSpec;

  @Nested(() => RuntimeStatus)
  status?: RuntimeStatus;
}
