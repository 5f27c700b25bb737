import {
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  closeSync,
  readdirSync,
  realpathSync,
  statSync,
  rmSync,
} from 'node:fs';
import { extname, join } from 'node:path';
import type { Collection, Store } from '../../kit/store.ts';
import { alreadyExists, doesNotExist, invalidParameter } from '../apiError.ts';

export type Language = 'PYTHON' | 'SQL' | 'SCALA' | 'R';

export const noPath = (path: string): Error => doesNotExist(`Path (${path}) doesn't exist.`);

/** A folder, notebook or file of the workspace, and where it lies on the disk. */
export interface WorkspaceObject {
  kind: 'DIRECTORY' | 'NOTEBOOK' | 'FILE';
  /** Absolute, without `/Workspace`; a notebook's without its extension. */
  path: string;
  file: string;
  language?: Language;
}

/** Which language a source notebook with this extension is in, and how its first line reads. */
export const notebookKinds: Record<string, { language: Language; header: string }> = {
  '.py': { language: 'PYTHON', header: '# Databricks notebook source' },
  '.sql': { language: 'SQL', header: '-- Databricks notebook source' },
  '.scala': { language: 'SCALA', header: '// Databricks notebook source' },
  '.r': { language: 'R', header: '# Databricks notebook source' },
};

/** The tree of folders, notebooks and files under /Workspace, kept as plain files in one folder. */
export class WorkspaceFiles {
  readonly root: string;
  readonly #ids: Collection<{ id: string; path: string }>;
  readonly #nextId: () => string;

  constructor(root: string, store: Store, nextId: () => string) {
    this.root = realpathSync(root);
    this.#ids = store.collection('objectIds');
    this.#nextId = nextId;
    for (const folder of ['Users', 'Shared', 'Repos']) mkdirSync(join(root, folder), { recursive: true });
  }

  /** The path as the workspace names it: no `/Workspace`, no doubled or closing slash; 400 when it is not absolute. */
  normalise(path: string): string {
    const collapsed = `${path}/`.replace(/\/{2,}/g, '/').replace(/^\/Workspace\//, '/');
    const trimmed = collapsed === '/' ? '/' : collapsed.slice(0, -1);
    if (!trimmed.startsWith('/')) throw invalidParameter(`Path (${path}) must start with '/'.`);
    if (trimmed.split('/').some((part) => part === '..' || part === '.' || part === '.git')) {
      throw invalidParameter(`Path (${path}) is not a valid workspace path.`);
    }
    return trimmed;
  }

  /** Where a normalised path lies on the disk, whether or not it is there. */
  location(path: string): string {
    return join(this.root, path);
  }

  find(path: string): WorkspaceObject | undefined {
    const wanted = this.normalise(path);
    const file = this.location(wanted);
    if (existsSync(file)) {
      if (!this.#isInside(file)) return undefined;
      if (statSync(file).isDirectory()) return { kind: 'DIRECTORY', path: wanted, file };
      // A notebook has one name only, the one without extension.
      return notebookLanguage(file) ? undefined : { kind: 'FILE', path: wanted, file };
    }
    for (const extension of Object.keys(notebookKinds)) {
      const source = `${file}${extension}`;
      const language = existsSync(source) && this.#isInside(source) ? notebookLanguage(source) : undefined;
      if (language) return { kind: 'NOTEBOOK', path: wanted, file: source, language };
    }
    return undefined;
  }

  get(path: string): WorkspaceObject {
    const found = this.find(path);
    if (!found) throw noPath(this.normalise(path));
    return found;
  }

  list(folder: WorkspaceObject): WorkspaceObject[] {
    if (folder.kind !== 'DIRECTORY') return [folder];
    const names = readdirSync(folder.file)
      .filter((name) => name !== '.git')
      .sort();
    return names.flatMap((name) => {
      const file = join(folder.file, name);
      const isNotebook = existsSync(file) && statSync(file).isFile() && notebookLanguage(file) !== undefined;
      const shown = isNotebook ? name.slice(0, -extname(name).length) : name;
      return this.find(`${folder.path}/${shown}`) ?? [];
    });
  }

  /** Makes the folder and its parents; 400 when a file or notebook is in the way. */
  makeFolder(path: string): void {
    const parts = this.normalise(path).split('/').slice(1);
    for (let depth = 1; depth <= parts.length; depth++) {
      const part = `/${parts.slice(0, depth).join('/')}`;
      const there = this.find(part);
      // What exists under no name of its own is a notebook's file, or a link that leads outside.
      const inTheWay = there ? there.kind !== 'DIRECTORY' : existsSync(this.location(part));
      if (inTheWay) throw alreadyExists(`${part} already exists and it is not a folder`);
    }
    mkdirSync(this.location(`/${parts.join('/')}`), { recursive: true });
  }

  remove(object: WorkspaceObject): void {
    rmSync(object.file, { recursive: true, force: true });
    for (const path of this.#pathsAtOrBelow(object.path)) this.#ids.delete(path);
  }

  /** The object's id, which it keeps as long as it is there. */
  idOf(path: string): string {
    const known = this.#ids.get(path) ?? { id: this.#nextId(), path };
    if (!this.#ids.get(path)) this.#ids.set(path, known);
    return known.id;
  }

  #pathsAtOrBelow(path: string): string[] {
    const paths = this.#ids.values().map(({ path }) => path);
    return paths.filter((known) => known === path || known.startsWith(`${path}/`));
  }

  // A link in a repository must not show what lies outside the workspace.
  #isInside(file: string): boolean {
    const real = realpathSync(file);
    return real === this.root || real.startsWith(`${this.root}/`);
  }
}

/** The language of a source notebook, told as Databricks does by extension and first line; undefined for other files. */
export function notebookLanguage(file: string): Language | undefined {
  const kind = notebookKinds[extname(file).toLowerCase()];
  if (!kind || !lstatSync(file).isFile()) return undefined;
  const start = Buffer.alloc(kind.header.length + 3);
  const handle = openSync(file, 'r');
  try {
    readSync(handle, start, 0, start.length, 0);
  } finally {
    closeSync(handle);
  }
  const text = start.toString().replace(/^\uFEFF/, '');
  return text.startsWith(kind.header) ? kind.language : undefined;
}
