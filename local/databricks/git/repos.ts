import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gitOrNothing } from '../../kit/git.ts';
import type { Collection } from '../../kit/store.ts';
import { ApiError, alreadyExists, doesNotExist, invalidParameter } from '../apiError.ts';
import { storageFailure } from '../files/dbfsRoutes.ts';
import type { Workspace } from '../workspace.ts';
import { refreshSnapshot } from './snapshot.ts';

/** A Git folder. Without `headCommitId` its clone failed or was cut off, and the folder is half-made. */
export interface Repo {
  id: string;
  path: string;
  url: string;
  provider: string;
  branch?: string;
  headCommitId?: string;
  createdMs: number;
}

export type Checkout = { branch: string } | { tag: string };

export const noRepo = (id: string): ApiError => doesNotExist(`Repo with id ${id} does not exist.`);

/** The workspace's Git folders: real clones of the repositories that stand for public ones. */
export class Repos {
  readonly #workspace: Workspace;
  readonly #repos: Collection<Repo>;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
    this.#repos = workspace.store.collection('repos');
  }

  list(): Repo[] {
    return this.#repos.values();
  }

  get(id: string): Repo {
    const repo = this.#repos.get(id);
    if (!repo) throw noRepo(id);
    return repo;
  }

  /** Whether reads are agreed not to show it yet. */
  isUnseen({ createdMs }: Repo): boolean {
    const { scenarios, clock } = this.#workspace;
    return scenarios.hides('gitFolder', createdMs, clock.now());
  }

  byPath(path: string): Repo | undefined {
    return this.#repos.values().find((repo) => repo.path === path);
  }

  /** Clones into a new Git folder. As in Databricks, a clone that fails leaves the folder, which must then be deleted. */
  async create(wanted: { url: string; provider: string; path: string }): Promise<Repo> {
    const { files, clock, latencies, scenarios } = this.#workspace;
    const path = files.normalise(wanted.path);
    if (path.startsWith('/Repos/') && path.split('/').length !== 4) {
      throw new ApiError(400, 'DIRECTORY_PROTECTED', 'Top-level folder can only contain repos');
    }
    if (files.find(path)) {
      throw alreadyExists(
        `Repo ${path} already exists. If you would like to create two repos from the same remote Git repo, rename the first repo before creating the second one.`,
      );
    }
    const parent = files.find(dirname(path));
    if (parent?.kind !== 'DIRECTORY') throw doesNotExist(`The parent folder (${dirname(path)}) does not exist.`);
    const repo: Repo = { ...wanted, path, id: files.idOf(path), createdMs: clock.now() };
    this.#repos.set(repo.id, repo);
    mkdirSync(files.location(path));
    if (latencies.cloneSeconds > 0) {
      await new Promise<void>((resolve) => {
        this.#workspace.at(clock.now() + latencies.cloneSeconds * 1000, resolve);
      });
    }
    if (!this.#workspace.storageReady()) throw cloneFailure(storageFailure);
    if (scenarios.take('cloneHalfMade')) {
      writeFileSync(join(files.location(path), 'README.md'), '');
      throw cloneFailure(storageFailure);
    }
    return this.#inTurn(() => this.#clone(repo));
  }

  /** Brings the folder to the newest state of a branch, or to a tag. */
  async checkout(id: string, ref: Checkout, discard: boolean): Promise<Repo> {
    return this.#inTurn(async () => {
      const repo = this.get(id);
      const folder = this.#workspace.files.location(repo.path);
      const incomplete = `Repo ${repo.path} is incomplete; delete it and create it again.`;
      if (!existsSync(join(folder, '.git'))) throw new ApiError(400, 'GIT_REMOTE_ERROR', incomplete);
      await this.#remote(repo.url);
      const fetched = await this.#gitOrNothing(folder, ['fetch', '--quiet', '--prune', '--force', '--tags', 'origin']);
      if (fetched === undefined) throw new ApiError(400, 'GIT_REMOTE_ERROR', incomplete);
      const target = 'branch' in ref ? `refs/remotes/origin/${ref.branch}` : `refs/tags/${ref.tag}`;
      if (
        (await this.#gitOrNothing(folder, ['rev-parse', '--verify', '--quiet', `${target}^{commit}`])) === undefined
      ) {
        const name = 'branch' in ref ? `Branch ${ref.branch}` : `Tag ${ref.tag}`;
        throw new ApiError(400, 'GIT_UNKNOWN_REF', `${name} does not exist in the remote repository ${repo.url}.`);
      }
      if (discard) {
        await this.#workspace.git(folder, ['reset', '--quiet', '--hard']);
        await this.#workspace.git(folder, ['clean', '-fd', '--quiet']);
      } else if ((await this.#workspace.git(folder, ['status', '--porcelain', '--untracked-files=no'])).trim() !== '') {
        throw gitConflict(repo);
      }
      const how = 'branch' in ref ? ['-B', ref.branch, target] : ['--detach', target];
      if ((await this.#gitOrNothing(folder, ['checkout', '--quiet', ...how])) === undefined) throw gitConflict(repo);
      return this.#read(repo);
    });
  }

  remove(id: string): void {
    const repo = this.get(id);
    const folder = this.#workspace.files.find(repo.path);
    if (folder) this.#workspace.files.remove(folder);
    this.#repos.delete(id);
  }

  forgetAtOrBelow(path: string): void {
    for (const repo of this.#repos.values()) {
      if (repo.path === path || repo.path.startsWith(`${path}/`)) this.#repos.delete(repo.id);
    }
  }

  async #clone(repo: Repo): Promise<Repo> {
    const folder = this.#workspace.files.location(repo.path);
    const remote = await this.#remote(repo.url);
    try {
      await this.#workspace.git(folder, ['clone', '--quiet', '--no-hardlinks', remote, '.']);
      return await this.#read(repo);
    } catch (error) {
      throw cloneFailure((error as Error).message);
    }
  }

  async #read(repo: Repo): Promise<Repo> {
    const folder = this.#workspace.files.location(repo.path);
    const headCommitId = (await this.#workspace.git(folder, ['rev-parse', 'HEAD'])).trim();
    const branch = await this.#gitOrNothing(folder, ['symbolic-ref', '--quiet', '--short', 'HEAD']);
    const { branch: _before, ...kept } = repo;
    const read: Repo = { ...kept, headCommitId, ...(branch && { branch }) };
    // It may have been deleted while git worked.
    if (this.#repos.get(repo.id)) this.#repos.set(repo.id, read);
    return read;
  }

  /** Where git finds what stands for the URL: a bare repository as it is, a folder as a snapshot taken now. */
  async #remote(url: string): Promise<string> {
    const source = Object.entries(this.#workspace.repositories).find(([known]) => sameUrl(known, url))?.[1];
    if (source === undefined || !existsSync(source)) {
      throw new ApiError(
        400,
        'GIT_REMOTE_ERROR',
        `Failed to clone repo. Repo may be incomplete. Failure reason: the remote repository ${url} could not be reached.`,
      );
    }
    if ((await this.#gitOrNothing(source, ['rev-parse', '--is-bare-repository'])) === 'true') return source;
    const name = createHash('sha256').update(source).digest('hex').slice(0, 16);
    const bare = join(this.#workspace.folder, 'git', `${name}.git`);
    await refreshSnapshot(this.#workspace.git, source, bare);
    return bare;
  }

  #gitOrNothing(folder: string, args: string[]): Promise<string | undefined> {
    return gitOrNothing(this.#workspace.git, folder, args);
  }

  // One git operation at a time: two at once could refresh the same snapshot.
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}

const plainUrl = (url: string): string =>
  url
    .trim()
    .toLowerCase()
    .replace(/\/+$/, '')
    .replace(/\.git$/, '');
const sameUrl = (a: string, b: string): boolean => plainUrl(a) === plainUrl(b);

// Wording: terraform-provider-databricks #2122.
const cloneFailure = (reason: string): ApiError =>
  new ApiError(500, 'INTERNAL_ERROR', `Failed to clone repo. Repo may be incomplete. Failure reason: ${reason}`);

const gitConflict = (repo: Repo): ApiError =>
  new ApiError(409, 'GIT_CONFLICT', `Repo ${repo.path} has local changes that this checkout would overwrite.`);

const providers = [
  'gitHub',
  'gitHubEnterprise',
  'gitLab',
  'gitLabEnterpriseEdition',
  'bitbucketCloud',
  'bitbucketServer',
  'azureDevOpsServices',
  'awsCodeCommit',
];

/** The provider as Databricks writes it; 400 for one that it does not know. */
export function knownProvider(name: string): string {
  const provider = providers.find((known) => known.toLowerCase() === name.toLowerCase());
  if (!provider) throw invalidParameter(`Unsupported Git provider ${name}; supported are ${providers.join(', ')}.`);
  return provider;
}
