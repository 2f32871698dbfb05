import type { KubeObject, ObjectMeta } from './meta';

/** A generic runtime image that the platform offers. */
export class Runtime implements KubeObject {
  apiVersion!: string;
  kind!: string;
  metadata!: ObjectMeta;
  spec!: RuntimeSpec;
  status?: RuntimeStatus;
}

export class RuntimeSpec {
  /** Image id `sha256:<64 hex>` (the digest of its config), as `docker image inspect` gives it. */
  image!: string;
  /** The image as a docker-archive tarball: a data element. */
  archive!: string;
  /** Started with the program's path as its first argument. */
  entrypoint!: string[];
  /** `os/arch` */
  platforms!: string[];
}

export class RuntimeStatus {
  /** Number of agents that hold the image. */
  cachedOn?: number;
}
