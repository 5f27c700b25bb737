import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { ApiError, invalidParameter } from '../apiError.ts';

/** A file or folder below a root, as a list shows it. */
export interface StoredEntry {
  name: string;
  isFolder: boolean;
  size: number;
  modifiedMs: number;
}

/**
 * The path below a root without doubled slashes; empty for the root itself. 400 for one that could lead elsewhere: absolute,
 * with `.` or `..`, a backslash or a NUL.
 */
export function relativePath(given: string): string {
  const parts = given.split('/').filter((part, i) => part !== '' || i === 0);
  const isSafe = parts.every((part) => part !== '.' && part !== '..' && !/[\\\0]/.test(part));
  if (given.startsWith('/') || !isSafe) throw invalidParameter(`Invalid path: ${given}`);
  return parts.join('/');
}

/** Files of one folder, read and written by relative paths that cannot leave it. */
export class StoredFiles {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** The entry at a path; undefined when nothing is there or a link leads outside. */
  find(path: string): StoredEntry | undefined {
    const file = this.#inside(path);
    if (!file) return undefined;
    const status = statSync(file);
    const isFolder = status.isDirectory();
    const name = path.slice(path.lastIndexOf('/') + 1);
    return { name, isFolder, size: isFolder ? 0 : status.size, modifiedMs: Math.round(status.mtimeMs) };
  }

  /** What a folder holds, by name; empty when it is none. */
  list(path: string): StoredEntry[] {
    const folder = this.#inside(path);
    if (!folder || !statSync(folder).isDirectory()) return [];
    const names = readdirSync(folder).sort();
    return names.flatMap((name) => this.find(path === '' ? name : `${path}/${name}`) ?? []);
  }

  /** Bytes of a file; `range` has the first and the last one that are wanted. */
  read(path: string, range?: { first: number; last: number }): Buffer {
    const file = this.#inside(path);
    if (!file) throw new ApiError(404, 'NOT_FOUND', `The file ${path} does not exist.`);
    if (!range) return readFileSync(file);
    const wanted = Buffer.alloc(Math.max(Math.min(range.last + 1, statSync(file).size) - range.first, 0));
    const handle = openSync(file, 'r');
    try {
      readSync(handle, wanted, 0, wanted.length, range.first);
    } finally {
      closeSync(handle);
    }
    return wanted;
  }

  /** Writes a file whole and makes its folders; 409 when a file is where a folder has to be, or the other way round. */
  write(path: string, content: Buffer): void {
    const file = this.#target(path);
    // A reader sees the old file or the new one, never half of it.
    const staged = `${file}.${process.pid}.part`;
    writeFileSync(staged, content);
    renameSync(staged, file);
  }

  /** Takes over a file that lies elsewhere on the disk. */
  adopt(path: string, staged: string): void {
    renameSync(staged, this.#target(path));
  }

  /** Makes a folder and its parents. */
  makeFolder(path: string): void {
    mkdirSync(dirname(this.#target(`${path}/x`)), { recursive: true });
  }

  /** Moves a folder, if it is there, to a path where nothing is. */
  move(from: string, to: string): void {
    const folder = this.#inside(from);
    if (folder) renameSync(folder, this.#target(to));
  }

  /** Copies a folder with all that is in it. */
  copy(from: string, to: string): void {
    cpSync(this.location(from), this.#target(to), { recursive: true });
  }

  remove(path: string): void {
    const file = this.#inside(path);
    if (file) rmSync(file, { recursive: true, force: true });
  }

  /** Where a path lies on the disk, whether or not it is there. */
  location(path: string): string {
    return join(this.root, relativePath(path));
  }

  #target(path: string): string {
    const file = this.location(path);
    const parts = relativePath(path).split('/');
    for (let depth = 1; depth < parts.length; depth++) {
      const parent = parts.slice(0, depth).join('/');
      if (this.find(parent)?.isFolder === false || (existsSync(this.location(parent)) && !this.find(parent))) {
        throw conflict(path);
      }
    }
    if (this.find(path)?.isFolder) throw conflict(path);
    mkdirSync(dirname(file), { recursive: true });
    return file;
  }

  #inside(path: string): string | undefined {
    const file = this.location(path);
    if (!existsSync(file)) return undefined;
    const [real, root] = [realpathSync(file), realpathSync(this.root)];
    return real === root || real.startsWith(root + sep) ? file : undefined;
  }
}

const conflict = (path: string): ApiError =>
  new ApiError(409, 'ALREADY_EXISTS', `A file and a folder cannot both be at ${path}.`);
