import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorld, type World } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test('one request deploys the accelerator: workspace, job, RUNME and the notebooks, with links and results', async () => {
  const started = await world.start({ resourceGroup: 'rg-volatility', workspaceName: 'dbw-first' });
  const ended = await world.finish(started.id);

  expect(ended.failure).toBeUndefined();
  expect(ended.runtimeStatus).toBe('Completed');
  expect(ended.steps.map(({ name, state }) => `${name} ${state}`)).toEqual([
    'identity done',
    'workspace done',
    'role done',
    'storage done',
    'principal done',
    'repository done',
    'job done',
    'run done',
    'notebooks done',
  ]);
  expect(ended.runs.map(({ role, state }) => `${role} ${state}`)).toEqual(['RUNME succeeded', 'notebooks succeeded']);
  expect(ended.results).toMatchObject({ metrics: { test_r2_score: 0.99 } });
  expect(Object.keys(ended.links).sort()).toEqual(['job', 'notebooksRun', 'portal', 'runmeRun', 'workspace']);
});
