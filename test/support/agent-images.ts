/** The runtime images that `make images` built. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DIR = process.env.GLEANER_IMAGES_DIR ?? join(__dirname, '../../build/images');

export interface BuiltImage {
  name: string;
  /** Image id. */
  image: string;
  /** Path of the archive. */
  path: string;
  element: string;
  entrypoint: string[];
}

/** @throws Error when they are not built. */
export function builtImage(name: string): BuiltImage {
  let index: string;
  try {
    index = readFileSync(join(DIR, 'index.json'), 'utf8');
  } catch {
    throw new Error(`${DIR}/index.json is missing: run \`make images\` first`);
  }
  const found = (JSON.parse(index) as { name: string; image: string; entrypoint: string[]; archive: { file: string; element: string } }[])
    .find((image) => image.name === name);
  if (!found) throw new Error(`${DIR}/index.json has no image ${name}`);
  return { name, image: found.image, entrypoint: found.entrypoint, path: join(DIR, found.archive.file), element: found.archive.element };
}
