import { basename } from 'node:path';
import type { ApiReply } from '../../kit/router.ts';
import type { Member } from '../callers.ts';
import { invalidParameter, notEmulated } from '../apiError.ts';
import { type Fields, bodyOf, optionalFlag, optionalText, queryOf, requiredText } from '../requestFields.ts';
import type { AddRoute } from '../routes.ts';
import { type Repo, type Repos, knownProvider, noRepo } from './repos.ts';

/** Git folders: clone, check out, read, delete. */
export function addRepoRoutes(on: AddRoute, repos: Repos): void {
  on('POST', '/api/2.0/repos', (request, caller) => create(repos, bodyOf(request), caller));
  on('GET', '/api/2.0/repos', (request) => {
    const prefix = (optionalText(queryOf(request), 'path_prefix') ?? '/Repos').replace(/^\/Workspace\//, '/');
    return {
      body: {
        repos: repos
          .list()
          .filter((repo) => repo.path.startsWith(prefix) && !repos.isUnseen(repo))
          .map(view),
      },
    };
  });
  on('GET', '/api/2.0/repos/{id}', (request) => {
    const repo = repos.get(request.params['id'] ?? '');
    if (repos.isUnseen(repo)) throw noRepo(repo.id);
    return { body: view(repo) };
  });
  on('PATCH', '/api/2.0/repos/{id}', async (request) => {
    const { branch, tag, discard } = readCheckout(bodyOf(request));
    await repos.checkout(request.params['id'] ?? '', tag === undefined ? { branch: branch ?? '' } : { tag }, discard);
    return { body: {} };
  });
  on('DELETE', '/api/2.0/repos/{id}', (request) => {
    repos.remove(request.params['id'] ?? '');
    return { body: {} };
  });
}

async function create(repos: Repos, body: Fields, caller: Member): Promise<ApiReply> {
  if (body['sparse_checkout'] !== undefined) throw notEmulated('sparse checkouts');
  const url = requiredText(body, 'url');
  const provider = knownProvider(requiredText(body, 'provider'));
  const path = optionalText(body, 'path') ?? `/Users/${caller.applicationId}/${basename(url, '.git')}`;
  return { body: view(await repos.create({ url, provider, path })) };
}

function readCheckout(body: Fields): { branch?: string; tag?: string; discard: boolean } {
  const branch = optionalText(body, 'branch');
  const tag = optionalText(body, 'tag');
  if ((branch === undefined) === (tag === undefined)) {
    throw invalidParameter('Exactly one of the fields branch and tag must be given.');
  }
  return {
    ...(branch !== undefined && { branch }),
    ...(tag !== undefined && { tag }),
    discard: optionalFlag(body, 'dangerously_force_discard_all'),
  };
}

const view = ({ id, path, url, provider, branch, headCommitId }: Repo): Fields => ({
  id: BigInt(id),
  path,
  url,
  provider,
  ...(branch && { branch }),
  ...(headCommitId && { head_commit_id: headCommitId }),
});
