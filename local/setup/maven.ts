import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** A file of a Maven repository, by its path there. */
export interface Artifact {
  path: string;
  sha256: string;
}

const central = 'https://repo1.maven.org/maven2';

/** Brings an artifact into `folder` unless it is there; throws when what came is not what `sha256` says. */
export async function ensureArtifact({ path, sha256 }: Artifact, folder: string): Promise<string> {
  const file = join(folder, basename(path));
  if (existsSync(file) && hashOf(readFileSync(file)) === sha256) return file;
  const known = join(homedir(), '.m2/repository', path);
  const bytes = existsSync(known) ? readFileSync(known) : await download(`${repository()}/${path}`);
  if (hashOf(bytes) !== sha256) throw new Error(`${path} is not the file that was expected: its SHA-256 differs.`);
  mkdirSync(dirname(file), { recursive: true });
  // Under its name only when it is whole.
  writeFileSync(`${file}.part`, bytes);
  renameSync(`${file}.part`, file);
  return file;
}

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

async function download(url: string): Promise<Buffer> {
  const response = await fetch(url).catch((cause: unknown) => {
    throw new Error(`${url} could not be reached. Check the network, or name a mirror in ~/.m2/settings.xml.`, {
      cause,
    });
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}.`);
  return Buffer.from(await response.arrayBuffer());
}

/** Maven Central, or the mirror of it that this machine's Maven settings name; mirrors that ask for a password are not served. */
function repository(): string {
  const files = [join(homedir(), '.m2/settings.xml'), '/etc/maven/settings.xml', '/usr/share/maven/conf/settings.xml'];
  for (const file of files.filter((file) => existsSync(file))) {
    const settings = readFileSync(file, 'utf8').replace(/<!--.*?-->/gs, '');
    for (const [, mirror = ''] of settings.matchAll(/<mirror>(.*?)<\/mirror>/gs)) {
      const [of, url] = ['mirrorOf', 'url'].map(
        (tag) => new RegExp(`<${tag}>\\s*(.*?)\\s*</${tag}>`, 's').exec(mirror)?.[1],
      );
      const covers = of?.split(',').some((id) => ['*', 'external:*', 'central'].includes(id.trim()));
      if (covers && url && !of?.includes('!central')) return url.replace(/\/$/, '');
    }
  }
  return central;
}
