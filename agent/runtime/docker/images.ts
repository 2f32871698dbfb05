/** The engine's images: found by id, loaded from archives, refused when they would let data out of the caps. */
import type Docker from 'dockerode';
import { createReadStream } from 'node:fs';
import type { FetchElement } from '../runtime';
import { statusOf, type Engine } from './engine';

/** An engine with containerd's store names images by manifest and not by configuration; the archive's tag ends in the latter's begin. */
const tagPattern = (image: string): string => `gleaner/*:${image.slice('sha256:'.length, 'sha256:'.length + 12)}`;

export class Images {
  /** Image id as the control plane names it → as the engine does. */
  private readonly known = new Map<string, string>();
  private readonly loading = new Map<string, Promise<string>>();

  constructor(private readonly engine: Engine) {}

  /** Forgets what was known: an engine that was away may have lost it. */
  forget(image?: string): void {
    if (image === undefined) this.known.clear();
    else this.known.delete(image);
  }

  async list(): Promise<string[]> {
    const all = await this.engine.calls.listImages();
    return [...new Set([...all.map(({ Id }) => Id), ...this.known.keys()])].sort();
  }

  /** The engine's id of a usable image; undefined when it has none. @throws Error when the image may not be used. */
  async find(image: string): Promise<string | undefined> {
    const known = this.known.get(image);
    if (known !== undefined) return known;
    const found = (await this.inspect(image)) ?? (await this.inspectTagged(image));
    if (!found) return undefined;
    const volumes = Object.keys((found.Config.Volumes as Record<string, unknown> | null | undefined) ?? {});
    if (volumes.length > 0) throw new Error(`the image ${image} declares volumes (${volumes.join(', ')}), which would be written without a cap`);
    this.known.set(image, found.Id);
    return found.Id;
  }

  /** Loads it when it is not there. Two calls at once share one load. @throws Error */
  async ensure(image: string, archive: string, fetch: FetchElement, signal: AbortSignal): Promise<string> {
    const found = await this.find(image);
    if (found !== undefined) return found;
    let loading = this.loading.get(image);
    if (!loading) {
      loading = this.load(image, archive, fetch, signal).finally(() => this.loading.delete(image));
      this.loading.set(image, loading);
    }
    return loading;
  }

  private async load(image: string, archive: string, fetch: FetchElement, signal: AbortSignal): Promise<string> {
    const path = await fetch(archive, signal);
    const answer = await this.engine.streams.loadImage(createReadStream(path), { abortSignal: signal });
    let said = '';
    for await (const chunk of answer) said = (said + String(chunk)).slice(-2000);
    const found = await this.find(image);
    if (found === undefined) throw new Error(`the archive ${archive} does not hold the image ${image}: ${said.trim()}`);
    return found;
  }

  private async inspect(image: string): Promise<Docker.ImageInspectInfo | undefined> {
    try {
      return await this.engine.calls.getImage(image).inspect();
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }

  private async inspectTagged(image: string): Promise<Docker.ImageInspectInfo | undefined> {
    const [tagged] = await this.engine.calls.listImages({ filters: { reference: [tagPattern(image)] } });
    return tagged && this.inspect(tagged.Id);
  }
}
