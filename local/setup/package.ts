import { type Zippable, unzipSync, zipSync } from 'fflate';
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { median, milliseconds } from '../kit/figure.ts';
import { buildApp } from './build.ts';
import { timeOfImport } from './timeOfImport.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = join(root, 'dist');
const imports = 5;

/** What is deployed, by the button, by azd and by hand. */
export interface AppPackage {
  /** A zip, the same bytes for the same sources. */
  bytes: Uint8Array;
  /** Of the bytes, in hex. */
  sha256: string;
  /** The paths in it, sorted. */
  files: string[];
}

/** Bundles the app into `outdir` and packs it with what the Functions host reads beside it. */
export async function packageApp(outdir = dist): Promise<AppPackage> {
  await buildApp({ outdir });
  const bundle = globSync(['functions.mjs', 'chunks/*.mjs'], { cwd: outdir }).map((path) => path.replaceAll('\\', '/'));
  const contents = new Map<string, Uint8Array>([
    ['host.json', readFileSync(join(root, 'host.json'))],
    ['package.json', Buffer.from(manifest())],
    ...bundle.map((path): [string, Uint8Array] => [`dist/${path}`, readFileSync(join(outdir, path))]),
  ]);
  const files = [...contents.keys()].sort();
  const bytes = zipped(files.map((path) => [path, contents.get(path) ?? new Uint8Array()]));
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex'), files };
}

/** Puts the files of a package into a folder, as a host does that starts from it. */
export function unpack(bytes: Uint8Array, folder: string): void {
  for (const [path, content] of Object.entries(unzipSync(bytes))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** Milliseconds that a fresh process takes to import the app from its package, in a folder that has nothing else. */
export function coldImport(bytes: Uint8Array): number {
  const folder = mkdtempSync(join(tmpdir(), 'package-'));
  try {
    unpack(bytes, folder);
    const { href } = pathToFileURL(join(folder, 'dist/functions.mjs'));
    return median(Array.from({ length: imports }, () => timeOfImport(`import(${JSON.stringify(href)})`)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Of this project's manifest only what the runtime reads, so that nothing tempts a build in the cloud to install anything. */
function manifest(): string {
  const { name, version, type, main } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
    string,
    string
  >;
  return `${JSON.stringify({ name, version, type, main }, null, 2)}\n`;
}

/** The same bytes in every time zone and on every processor: one time, one order, plain permissions, no compression of Node's. */
function zipped(files: [path: string, content: Uint8Array][]): Uint8Array {
  const unix = 3;
  const attributes = { os: unix, attrs: 0o100644 << 16, mtime: new Date(1980, 0, 1, 12), level: 9 } as const;
  const entries: Zippable = {};
  for (const [path, content] of files) entries[path] = [content, attributes];
  return zipSync(entries);
}

async function main(): Promise<void> {
  const { bytes, sha256, files } = await packageApp();
  const zip = join(dist, 'app.zip');
  writeFileSync(zip, bytes);
  // As `sha256sum --check` reads it.
  writeFileSync(`${zip}.sha256`, `${sha256}  app.zip\n`);
  console.log(`dist/app.zip   ${megabytes(bytes)} (goal ≤ 10 MB), ${files.length} files
SHA-256        ${sha256}
import         ${milliseconds(coldImport(bytes))} in a fresh process, median of ${imports} (goal ≤ 200 ms)`);
}

/** The size as a person reads it. */
export const megabytes = (bytes: Uint8Array): string => `${(bytes.length / 1e6).toFixed(2)} MB`;

if (import.meta.main) await main();
