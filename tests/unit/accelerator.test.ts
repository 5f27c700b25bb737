import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { catalogueEntry, isAllowedRepository, repositoryList } from '../../domain/accelerator.ts';
import { acceleratorNameOf, companionJobNamesFor, deploymentId, repositoryNameFor } from '../../domain/ids.ts';
import { type DeploymentRequest, parseRequest, type RequestFault } from '../../domain/request.ts';

const repositoryUrl = 'https://github.com/Industry-Solutions/Smart.Claims';
const wished = (accelerator: unknown): { request: DeploymentRequest } | { faults: RequestFault[] } =>
  parseRequest({ resourceGroup: 'rg-a', workspaceName: 'dbw-a', accelerator });
const taken = (accelerator: unknown): DeploymentRequest['accelerator'] => {
  const parsed = wished(accelerator);
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults));
  return parsed.request.accelerator;
};
const pointersOf = (accelerator: unknown): string[] => {
  const parsed = wished(accelerator);
  return 'faults' in parsed ? parsed.faults.map(({ pointer }) => pointer) : [];
};

describe('an accelerator in a request', () => {
  test('is a name, or a repository at a branch or tag that looks like most public ones', () => {
    expect(taken(undefined)).toBe('predicting-implied-volatility');
    expect(taken('smart-claims')).toBe('smart-claims');
    expect(taken({ repositoryUrl, branch: 'main' })).toEqual({
      repositoryUrl,
      branch: 'main',
      runmePath: 'RUNME',
      verify: false,
      companion: true,
    });
    const whole = { repositoryUrl, tag: 'v1.2', runmePath: 'set up/RUNME', verify: true, companion: false };
    expect(taken(whole)).toEqual(whole);
  });

  test('has one address, with or without .git', () => {
    expect(taken({ repositoryUrl: `${repositoryUrl}.git`, branch: 'main' })).toMatchObject({ repositoryUrl });
  });

  test.each<[what: string, accelerator: unknown, pointer: string]>([
    ['a name in upper case', 'Smart-Claims', '/accelerator'],
    ['a number', 7, '/accelerator'],
    ['null', null, '/accelerator'],
    ['a list', [repositoryUrl], '/accelerator'],
    ['no repository', { branch: 'main' }, '/accelerator/repositoryUrl'],
    ['neither branch nor tag', { repositoryUrl }, '/accelerator'],
    ['a branch and a tag', { repositoryUrl, branch: 'main', tag: 'v1' }, '/accelerator'],
    ['an unknown key', { repositoryUrl, branch: 'main', commit: 'abc' }, '/accelerator/commit'],
    ['a key that an object has of itself', JSON.parse(`{"__proto__": {}, "branch": "main"}`), '/accelerator'],
    ['a job template of its own', { repositoryUrl, branch: 'main', jobTemplate: 'x.json' }, '/accelerator/jobTemplate'],
  ])('is refused with %s', (_what, accelerator, pointer) => {
    expect(pointersOf(accelerator)).toContain(pointer);
  });

  test.each([
    'http://github.com/a/b',
    'https://github.com.evil.test/a/b',
    'https://user:secret@github.com/a/b',
    'https://github.com/a',
    'https://github.com/a/b/tree/main',
    'https://github.com/a/b?x=1',
    'https://github.com/a/b#c',
    'https://github.com/a/..',
    'https://github.com/../b',
    'https://gitlab.com/a/b',
    'git@github.com:a/b.git',
    'file:///etc',
    'https://github.com/a/b\nhttps://github.com/c/d',
    '',
  ])('is refused from %j', (url) => {
    expect(pointersOf({ repositoryUrl: url, branch: 'main' })).toEqual(['/accelerator/repositoryUrl']);
  });

  test.each([
    'main',
    'feature/new-model',
    'v1.0.0',
    'release/2026.11',
    'a#b',
    'user@host',
    'x{1}',
    'HEAD',
    'a.lockfile',
  ])('takes %j for a branch', (branch) => {
    expect(taken({ repositoryUrl, branch })).toMatchObject({ branch });
  });

  // The rules of git-check-ref-format, and no dash at the start, where it reads like an option.
  test.each([
    '',
    '-b',
    '--upload-pack=x',
    '/main',
    'main/',
    'a//b',
    '.hidden',
    'a/.b',
    'a..b',
    'a.',
    'a.lock',
    'a.lock/b',
    'a b',
    'a~1',
    'a^',
    'a:b',
    'a?',
    'a*',
    'a[0]',
    'a\\b',
    'a@{1}',
    '@',
    'a\n',
    'a\u0000',
    'a\u0007b',
    'a'.repeat(201),
  ])('takes %j neither for a branch nor for a tag', (name) => {
    expect(pointersOf({ repositoryUrl, branch: name })).toEqual(['/accelerator/branch']);
    expect(pointersOf({ repositoryUrl, tag: name })).toEqual(['/accelerator/tag']);
  });

  test.each([
    '/RUNME',
    '../RUNME',
    'a/../RUNME',
    './RUNME',
    'a//RUNME',
    'a/',
    'RUNME.py',
    'notebooks/RUNME.ipynb',
    'a\\b',
    'a\nb',
    '',
    'x'.repeat(201),
  ])('takes %j for no path of a RUNME', (runmePath) => {
    expect(pointersOf({ repositoryUrl, branch: 'main', runmePath })).toContain('/accelerator/runmePath');
  });

  test('never leads out of its repository, and its ref never reads like an option', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (runmePath, branch) => {
        const parsed = wished({ repositoryUrl, branch, runmePath });
        if ('faults' in parsed || typeof parsed.request.accelerator === 'string') return;
        expect(new URL(parsed.request.accelerator.runmePath, 'https://w.test/r/').pathname).toMatch(/^\/r\/./);
        expect(branch).toMatch(/^[^-\s]\S*$/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('an entry of the catalogue', () => {
  const entry = (more: object) => v.safeParse(catalogueEntry, { repositoryUrl, branch: 'main', ...more });

  test('is proven and hands over its run unless it says otherwise', () => {
    expect(entry({}).output).toEqual({ repositoryUrl, branch: 'main', verify: true, companion: false });
    expect(entry({ companion: true }).output).toMatchObject({ companion: true, runmePath: 'RUNME' });
    const whole = { runmePath: 'RUNME', jobTemplate: 'bicep/job-template.json', verify: false, companion: true };
    expect(entry(whole).output).toEqual({ repositoryUrl, branch: 'main', ...whole });
  });

  test.each([{ jobTemplate: '/etc/passwd' }, { jobTemplate: 'a/../../b' }, { runmePath: 'RUNME.py' }, { tag: 'v1' }])(
    'is refused with %j',
    (more) => {
      expect(entry(more).success).toBe(false);
    },
  );
});

describe('the allow-list', () => {
  const listed = (text: string): string[] => v.parse(repositoryList, text);

  test('allows what it names and all of an owner, in any case, and nothing when it is empty', () => {
    const allowed = listed(' https://github.com/industry-solutions/* , https://github.com/Org/One,');
    for (const url of [repositoryUrl, 'https://github.com/INDUSTRY-SOLUTIONS/x', 'https://github.com/org/one'])
      expect([url, isAllowedRepository(url, allowed)]).toEqual([url, true]);
    for (const url of [
      'https://github.com/org/one2',
      'https://github.com/org/two',
      'https://github.com/industry-solutions2/x',
    ])
      expect([url, isAllowedRepository(url, allowed)]).toEqual([url, false]);
    expect(isAllowedRepository(repositoryUrl, listed(''))).toBe(false);
  });

  test.each(['*', 'https://github.com/*', 'https://github.com/*/x', 'https://github.com/a/b*', 'https://a.test/b/c'])(
    'is no list with %s in it',
    (entry) => {
      expect(v.safeParse(repositoryList, entry).success).toBe(false);
    },
  );
});

describe('the name of an accelerator by repository', () => {
  const repository = { repositoryUrl, runmePath: 'RUNME' };

  test('fits into paths, and differs by owner and path but not by case', () => {
    expect(repositoryNameFor(repository)).toMatch(/^smart-claims-[0-9a-f]{8}$/);
    const others = [
      { ...repository, repositoryUrl: repositoryUrl.replace('Industry', 'Other') },
      { ...repository, runmePath: 'notebooks/RUNME' },
    ].map(repositoryNameFor);
    expect(new Set([repositoryNameFor(repository), ...others]).size).toBe(3);
    expect(repositoryNameFor({ ...repository, repositoryUrl: repositoryUrl.toUpperCase() })).toBe(
      repositoryNameFor(repository),
    );
  });

  test('fits into the catalogue\u2019s form whatever the repository is called', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\w.-]{1,100}$/), (name) => {
        const made = repositoryNameFor({ repositoryUrl: `https://github.com/a/${name}`, runmePath: 'RUNME' });
        expect(made).toMatch(/^[a-z0-9-]{1,64}$/);
      }),
    );
  });

  test('is the request\u2019s where the deployment has none', () => {
    const accelerator = { repositoryUrl, branch: 'main' };
    expect(acceleratorNameOf({ accelerator, request: { accelerator: 'older' } })).toBe('older');
    expect(acceleratorNameOf({ accelerator: { ...accelerator, name: 'given' }, request: { accelerator: 'x' } })).toBe(
      'given',
    );
  });
});

test('a deployment is the same for another branch or tag of a repository, and another for another RUNME', () => {
  const target = { subscriptionId: 'a', resourceGroup: 'b', workspaceName: 'c' };
  const idOf = (more: object): string => {
    const accelerator = taken({ repositoryUrl, branch: 'main', ...more });
    return deploymentId({ ...target, accelerator });
  };
  expect(idOf({ branch: undefined, tag: 'v1', verify: true })).toBe(idOf({}));
  expect(idOf({ repositoryUrl: repositoryUrl.toLowerCase() })).toBe(idOf({}));
  expect(idOf({ runmePath: 'notebooks/RUNME' })).not.toBe(idOf({}));
});

test('the companion library\u2019s job is named by the folder of RUNME and a hash of its path, with or without /Workspace', () => {
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
  const names = [
    `[RUNNER] claims | ${hash('/Users/app/claims')}`,
    `[RUNNER] claims | ${hash('/Workspace/Users/app/claims')}`,
  ];
  expect(companionJobNamesFor('/Users/app/claims/RUNME')).toEqual(names);
  expect(companionJobNamesFor('/Workspace/Users/app/claims/RUNME')).toEqual(names);
});
