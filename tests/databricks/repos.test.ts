import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type TestWorkspace, admin, startTestWorkspace } from './support/startTestWorkspace.ts';

const url = 'https://github.com/example/accelerator';
const path = `/Users/${admin}/accelerator`;
const notebook = '# Databricks notebook source\nprint(1)\n';

function git(folder: string, ...args: string[]): string {
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@localhost', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', [...identity, ...args], { cwd: folder, encoding: 'utf8', stdio: 'pipe' }).trim();
}

/** A repository with a tag, a branch, an ignored file and changes that nobody has committed. */
function makeSource(): string {
  const folder = mkdtempSync(join(tmpdir(), 'source-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  git(folder, 'init', '--quiet', '--initial-branch=trunk');
  mkdirSync(join(folder, 'notebooks'));
  writeFileSync(join(folder, '.gitignore'), 'ignored.txt\n');
  writeFileSync(join(folder, 'notebooks', 'RUNME.py'), notebook);
  writeFileSync(join(folder, 'notebooks', 'job-template.json'), '{}');
  git(folder, 'add', '.');
  git(folder, 'commit', '--quiet', '-m', 'first');
  git(folder, 'tag', 'v1');
  git(folder, 'branch', 'other');
  writeFileSync(join(folder, 'notebooks', 'job-template.json'), '{"version": 2}');
  git(folder, 'commit', '--quiet', '-am', 'second');
  writeFileSync(join(folder, 'ignored.txt'), 'secret');
  writeFileSync(join(folder, 'new.py'), 'value = 1\n');
  rmSync(join(folder, 'notebooks', 'RUNME.py'));
  writeFileSync(join(folder, 'notebooks', 'RUNME.py'), notebook.replace('1', '2'));
  return folder;
}

async function content({ call }: TestWorkspace, file: string): Promise<unknown> {
  const answer = await call('GET', `/api/2.0/workspace/export?path=${path}/${file}&format=AUTO&direct_download=true`);
  return answer.status === 200 ? answer.body : answer.status;
}

const clone = ({ call }: TestWorkspace, more: object = {}): ReturnType<TestWorkspace['call']> =>
  call('POST', '/api/2.0/repos', { url, provider: 'github', path, ...more });

async function startWith(source: string, more: object = {}): Promise<TestWorkspace> {
  const workspace = await startTestWorkspace({ repositories: { [url]: source }, ...more });
  await workspace.call('GET', '/api/2.0/preview/scim/v2/Me');
  return workspace;
}

describe('Git folders', () => {
  it('are missed by reads and lists for as long as a scenario says, and found by writes', async () => {
    const { call, clock, ...workspace } = await startWith(makeSource());
    await call('POST', '/__scenarios', { kind: 'notYetVisible', what: 'gitFolder', seconds: 45 });
    const { id } = (await clone({ call, clock, ...workspace })).body;
    const reads = [`/api/2.0/repos/${id}`, `/api/2.0/workspace/get-status?path=${path}`];
    const statuses = (): Promise<number[]> => Promise.all(reads.map(async (read) => (await call('GET', read)).status));
    expect(await statuses()).toEqual([404, 404]);
    expect((await call('GET', '/api/2.0/repos?path_prefix=/Users')).body.repos).toEqual([]);
    expect((await call('PATCH', `/api/2.0/repos/${id}`, { tag: 'v1' })).status).toBe(200);
    expect((await clone({ call, clock, ...workspace })).body.error_code).toBe('RESOURCE_ALREADY_EXISTS');
    clock.advance(45_000);
    expect(await statuses()).toEqual([200, 200]);
  });

  it('clone a working tree as it lies there: changes and new files, but not ignored ones', async () => {
    const workspace = await startWith(makeSource());
    const created = await clone(workspace);
    expect(created.body).toMatchObject({ path, url, provider: 'gitHub', branch: 'main' });
    expect(created.body.head_commit_id).toMatch(/^[0-9a-f]{40}$/);
    expect(await content(workspace, 'notebooks/RUNME')).toContain('print(2)');
    expect(await content(workspace, 'new.py')).toBe('value = 1\n');
    expect(await content(workspace, 'ignored.txt')).toBe(404);
    const status = await workspace.call('GET', `/api/2.0/workspace/get-status?path=${path}`);
    expect(status.body).toMatchObject({ object_id: created.body.id, directory_info: { is_git_folder: true } });
    const listed = await workspace.call('GET', `/api/2.0/workspace/list?path=${path}`);
    expect(listed.body.objects.map((object: { path: string }) => object.path)).not.toContain(`${path}/.git`);
  });

  it('follow a branch, take a tag, and come back to a tree that has changed since', async () => {
    const source = makeSource();
    const workspace = await startWith(source);
    const { id, head_commit_id: head } = (await clone(workspace)).body;
    const repo = `/api/2.0/repos/${id}`;
    await workspace.call('PATCH', repo, { branch: 'main' });
    expect((await workspace.call('GET', repo)).body.head_commit_id).toBe(head);
    expect((await workspace.call('PATCH', repo, { tag: 'v1' })).body).toEqual({});
    const tagged = await workspace.call('GET', repo);
    expect(tagged.body).not.toHaveProperty('branch');
    expect(tagged.body.head_commit_id).toBe(git(source, 'rev-parse', 'v1'));
    expect(await content(workspace, 'notebooks/job-template.json')).toBe('{}');
    await workspace.call('PATCH', repo, { branch: 'trunk' });
    expect((await workspace.call('GET', repo)).body).toMatchObject({
      branch: 'trunk',
      head_commit_id: git(source, 'rev-parse', 'trunk'),
    });
    writeFileSync(join(source, 'new.py'), 'value = 2\n');
    await workspace.call('PATCH', repo, { branch: 'main' });
    expect(await content(workspace, 'new.py')).toBe('value = 2\n');
  });

  it('clone detached, shallow and bare repositories, and folders without git', async () => {
    const source = makeSource();
    git(source, 'checkout', '--quiet', '--detach', 'HEAD');
    const scratch = mkdtempSync(join(tmpdir(), 'clones-'));
    onTestFinished(() => rmSync(scratch, { recursive: true, force: true }));
    git(scratch, 'clone', '--quiet', '--depth', '1', '--branch', 'trunk', `file://${source}`, 'shallow');
    git(scratch, 'clone', '--quiet', '--bare', source, 'bare.git');
    mkdirSync(join(scratch, 'plain'));
    writeFileSync(join(scratch, 'plain', 'a.txt'), 'plain');
    const repositories = {
      'https://github.com/a/detached': source,
      'https://github.com/a/shallow': join(scratch, 'shallow'),
      'https://github.com/a/bare': join(scratch, 'bare.git'),
      'https://github.com/a/plain': join(scratch, 'plain'),
    };
    const workspace = await startTestWorkspace({ repositories });
    await workspace.call('GET', '/api/2.0/preview/scim/v2/Me');
    for (const remote of Object.keys(repositories)) {
      const { status, body } = await workspace.call('POST', '/api/2.0/repos', {
        url: `${remote}.git`,
        provider: 'gitHub',
      });
      expect([remote, status, body.head_commit_id ?? body.message]).toEqual([
        remote,
        200,
        expect.stringMatching(/^[0-9a-f]{40}$/),
      ]);
    }
  });

  it('refuse a second one at the path, an unknown ref, and a checkout over local changes', async () => {
    const workspace = await startWith(makeSource());
    const { id } = (await clone(workspace)).body;
    expect(await clone(workspace)).toMatchObject({ status: 400, body: { error_code: 'RESOURCE_ALREADY_EXISTS' } });
    const repo = `/api/2.0/repos/${id}`;
    expect((await workspace.call('PATCH', repo, { branch: 'nowhere' })).body.error_code).toBe('GIT_UNKNOWN_REF');
    expect((await workspace.call('PATCH', repo, { branch: 'a', tag: 'b' })).status).toBe(400);
    const change = {
      path: `${path}/new.py`,
      format: 'AUTO',
      overwrite: true,
      content: Buffer.from('local').toString('base64'),
    };
    await workspace.call('POST', '/api/2.0/workspace/import', change);
    expect((await workspace.call('PATCH', repo, { tag: 'v1' })).body.error_code).toBe('GIT_CONFLICT');
    expect((await workspace.call('PATCH', repo, { tag: 'v1', dangerously_force_discard_all: true })).status).toBe(200);
    expect((await workspace.call('DELETE', repo)).status).toBe(200);
    expect((await workspace.call('GET', repo)).status).toBe(404);
    expect((await clone(workspace)).status).toBe(200);
  });

  it('refuse a missing parent, a top-level path below /Repos and an unknown provider', async () => {
    const workspace = await startWith(makeSource());
    expect((await clone(workspace, { path: '/Users/nobody/x' })).status).toBe(404);
    expect((await clone(workspace, { path: '/Repos/x' })).body.error_code).toBe('DIRECTORY_PROTECTED');
    expect((await clone(workspace, { provider: 'svn' })).status).toBe(400);
  });

  it.each([
    ['the storage is not ready', { latencies: { storageSeconds: 60 } }, {}],
    ['a scenario asks for it', {}, { kind: 'cloneHalfMade' }],
    ['the remote cannot be reached', { repositories: {} }, {}],
  ])('stay half-made when %s, and can be deleted and made anew', async (_why, options, scenario) => {
    const workspace = await startWith(makeSource(), options);
    if ('kind' in scenario) await workspace.call('POST', '/__scenarios', scenario);
    const failed = await clone(workspace);
    expect(failed.status).toBeGreaterThanOrEqual(400);
    expect(failed.body.message).toContain('Failed to clone repo. Repo may be incomplete.');
    expect((await clone(workspace)).body.error_code).toBe('RESOURCE_ALREADY_EXISTS');
    const status = await workspace.call('GET', `/api/2.0/workspace/get-status?path=${path}`);
    const half = await workspace.call('GET', `/api/2.0/repos/${status.body.object_id}`);
    expect(half.body).toMatchObject({ path, url });
    expect(half.body).not.toHaveProperty('head_commit_id');
    expect((await workspace.call('PATCH', `/api/2.0/repos/${half.body.id}`, { branch: 'main' })).status).toBe(400);
    expect((await workspace.call('DELETE', `/api/2.0/repos/${half.body.id}`)).status).toBe(200);
    workspace.clock.advance(60_000);
    expect((await clone(workspace)).status).toBe('repositories' in options ? 400 : 200);
  });

  it('are made once when two clones to one path race', async () => {
    const workspace = await startWith(makeSource());
    const answers = await Promise.all([clone(workspace), clone(workspace)]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 400]));
    expect((await workspace.call('GET', '/api/2.0/repos?path_prefix=/Users')).body.repos).toHaveLength(1);
  });

  it('are found by path when the reply of the clone was lost', async () => {
    const workspace = await startWith(makeSource());
    workspace.server.faults.add({ method: 'POST', path: '/api/2.0/repos', reset: true, when: 'after' });
    await expect(clone(workspace)).rejects.toThrow('fetch failed');
    const status = await workspace.call('GET', `/api/2.0/workspace/get-status?path=${path}`);
    const repo = await workspace.call('GET', `/api/2.0/repos/${status.body.object_id}`);
    expect(repo.body.head_commit_id).toMatch(/^[0-9a-f]{40}$/);
  });
});
