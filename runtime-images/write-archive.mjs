// Writes one image archive and prints its line for index.json.
//
//   node write-archive.mjs --out FILE --name NAME --entrypoint JSON --arch ARCH
//        --built-from packages|dockerfile
//        (--layer TAR... [--env K=V...]  |  --saved DIR)  [--tag TAG]
//        [--run JSON] [--workdir DIR] [--title TEXT]     of an image made of layers
//
// --layer makes an image of the given layer tars, base first; --saved takes the unpacked
// output of `docker save` and keeps its configuration byte for byte. Both end in the same
// shape of archive, which every Docker Engine loads: `manifest.json` (any engine) and an OCI
// layout (engines with the containerd image store), over one set of blobs. So the image has
// two digests that are known before it is loaded: `image`, the SHA-256 of its configuration,
// is its Id in an engine with the classic store; `manifest` is its Id with containerd's.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, link, mkdir, mkdtemp, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

const CREATED = '2025-01-01T00:00:00Z';
const MTIME = '@1735689600';
const OCI = 'application/vnd.oci.image';

const { values: args } = parseArgs({
  options: {
    out: { type: 'string' },
    name: { type: 'string' },
    entrypoint: { type: 'string' },
    arch: { type: 'string' },
    'built-from': { type: 'string' },
    layer: { type: 'string', multiple: true, default: [] },
    env: { type: 'string', multiple: true, default: [] },
    saved: { type: 'string' },
    tag: { type: 'string' },
    run: { type: 'string' },
    workdir: { type: 'string', default: '/task' },
    title: { type: 'string' },
  },
});

async function sha256OfFile(file) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}
const sha256Of = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** The configuration of an image made of plain tars: its layers' digests are the diff ids. */
function newConfig(diffIds) {
  return Buffer.from(JSON.stringify({
    architecture: args.arch,
    config: {
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...args.env],
      ...(args.run && { Entrypoint: JSON.parse(args.run) }),
      Labels: { 'org.opencontainers.image.title': args.title ?? `gleaner runtime ${args.name}` },
      User: '65532:65532',
      WorkingDir: args.workdir,
    },
    created: CREATED,
    history: diffIds.map((_, i) => ({ created: CREATED, created_by: `gleaner runtime-images: layer ${i + 1}` })),
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: diffIds.map((id) => `sha256:${id}`) },
  }));
}

async function source() {
  if (args.saved) {
    const [manifest] = JSON.parse(await readFile(join(args.saved, 'manifest.json'), 'utf8'));
    return {
      config: await readFile(join(args.saved, manifest.Config)),
      layers: manifest.Layers.map((layer) => join(args.saved, layer)),
    };
  }
  return { layers: args.layer };
}

/** Puts a blob in place by its digest, without copying its bytes where that can be. */
async function placeBlob(from, to) {
  await link(from, to).catch((error) => (error.code === 'EEXIST' ? undefined : copyFile(from, to)));
}

async function isGzip(file) {
  const handle = await open(file);
  const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0);
  await handle.close();
  return buffer[0] === 0x1f && buffer[1] === 0x8b;
}

async function main() {
  const stage = await mkdtemp(`${args.out}.stage-`);
  const blobs = join(stage, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  const put = async (bytes) => {
    const digest = sha256Of(bytes);
    await writeFile(join(blobs, digest), bytes);
    return digest;
  };

  const from = await source();
  const layers = [];
  for (const file of from.layers) {
    const digest = await sha256OfFile(file);
    await placeBlob(file, join(blobs, digest));
    layers.push({
      mediaType: `${OCI}.layer.v1.tar${(await isGzip(file)) ? '+gzip' : ''}`,
      digest: `sha256:${digest}`,
      size: (await stat(file)).size,
    });
  }
  const config = from.config ?? newConfig(layers.map(({ digest }) => digest.slice('sha256:'.length)));
  const image = await put(config);
  const manifest = Buffer.from(JSON.stringify({
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config: { mediaType: `${OCI}.config.v1+json`, digest: `sha256:${image}`, size: config.length },
    layers,
  }));
  const manifestDigest = await put(manifest);
  const tag = args.tag ?? image.slice(0, 12);
  const reference = args.tag ? `${args.name}:${tag}` : `gleaner/${args.name}:${tag}`;
  const write = (name, value) => writeFile(join(stage, name), JSON.stringify(value));
  await write('oci-layout', { imageLayoutVersion: '1.0.0' });
  await write('index.json', {
    schemaVersion: 2,
    manifests: [{
      mediaType: `${OCI}.manifest.v1+json`,
      digest: `sha256:${manifestDigest}`,
      size: manifest.length,
      annotations: { 'io.containerd.image.name': `docker.io/${args.tag ? 'library/' : ''}${reference}`, 'org.opencontainers.image.ref.name': tag },
      platform: { architecture: args.arch, os: 'linux' },
    }],
  });
  const blobPath = (digest) => `blobs/sha256/${digest.replace('sha256:', '')}`;
  await write('manifest.json', [
    { Config: blobPath(image), RepoTags: [reference], Layers: layers.map(({ digest }) => blobPath(digest)) },
  ]);

  const aside = `${args.out}.part`;
  const tar = spawnSync('tar', ['-cf', aside, '--format=gnu', '--sort=name', '--numeric-owner', '--owner=0', '--group=0',
    '--mode=u=rwX,go=rX', '--hard-dereference', `--mtime=${MTIME}`, '-C', stage, 'blobs', 'index.json', 'manifest.json', 'oci-layout'],
  { stdio: ['ignore', 'ignore', 'inherit'], timeout: 300_000 });
  await rm(stage, { recursive: true, force: true });
  if (tar.status !== 0) throw new Error(`tar could not write ${aside} in ${dirname(aside)} (exit ${tar.status})`);
  await rename(aside, args.out);

  process.stdout.write(`${JSON.stringify({
    name: args.name,
    image: `sha256:${image}`,
    manifest: `sha256:${manifestDigest}`,
    archive: { element: `sha256:${await sha256OfFile(args.out)}`, bytes: (await stat(args.out)).size, file: basename(args.out) },
    entrypoint: JSON.parse(args.entrypoint),
    platforms: [`linux/${args.arch}`],
    builtFrom: args['built-from'],
  })}\n`);
}

await main();
