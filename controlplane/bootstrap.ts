/** What a control plane brings with it: the namespaces that every Kubernetes has, the shipped rate tiers, the runtimes whose images were built. */
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { API_VERSION, RATE_TIERS, RUNTIMES } from '../crds/meta';
import type { Runtime } from '../crds/runtime';
import { ensureNamespace } from './controllers/namespace/namespace-controller';
import type { ElementCatalog } from './gateway/elements/catalog';
import { DEFAULT_TIERS } from './market/default-tiers';
import { StoreError, type ObjectStore } from './store/store';

/** A row of the index that `make images` writes. */
interface BuiltImage {
  name: string;
  image: string;
  archive: { element: string; bytes: number; file: string };
  entrypoint: string[];
  platforms: string[];
}

const isAlreadyThere = (error: unknown): boolean => error instanceof StoreError && error.reason === 'AlreadyExists';

/** Made when missing; what the operator changed stays. */
export async function ensureDefaults(store: ObjectStore): Promise<void> {
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) await ensureNamespace(store, name);
  await ensureTiers(store);
}

/** The shipped rate tiers, made when missing. */
export async function ensureTiers(store: ObjectStore): Promise<void> {
  for (const tier of DEFAULT_TIERS) {
    await store.create(RATE_TIERS, tier).catch((error: unknown) => {
      if (!isAlreadyThere(error)) throw error;
    });
  }
}

/**
 * Offers the images in `imagesDir` as Runtimes: the archives become data elements. A Runtime of the same name follows a newer image.
 * @returns the names; empty when there is no index
 */
export async function ensureRuntimes(store: ObjectStore, elements: Pick<ElementCatalog, 'bytes' | 'put'>, imagesDir: string, logger: Logger): Promise<string[]> {
  const index = join(imagesDir, 'index.json');
  if (!existsSync(index)) {
    logger.warn({ imagesDir }, 'no runtime images were built: run "make images"; Jobs wait until there is a Runtime');
    return [];
  }
  const images = JSON.parse(readFileSync(index, 'utf8')) as BuiltImage[];
  for (const { name, image, archive, entrypoint, platforms } of images) {
    if ((await elements.bytes(archive.element)) === undefined) {
      logger.info({ runtime: name, bytes: archive.bytes }, 'taking in a runtime image');
      await elements.put(archive.element, createReadStream(join(imagesDir, archive.file)), archive.bytes, archive.bytes);
    }
    const runtime: Runtime = { apiVersion: API_VERSION, kind: 'Runtime', metadata: { name }, spec: { image, archive: archive.element, entrypoint, platforms } };
    const current = await store.get<Runtime>(RUNTIMES, '', name);
    if (current === undefined) await store.create(RUNTIMES, runtime);
    else if (current.spec.image !== image || current.spec.archive !== archive.element) await store.update(RUNTIMES, { ...current, spec: runtime.spec });
  }
  return images.map((each) => each.name);
}
