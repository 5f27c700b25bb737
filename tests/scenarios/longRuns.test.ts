import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NotebookScript } from '../../local/databricks/notebooks/scriptedCompute.ts';
import { fullSweep } from '../support/fullSweep.ts';
import { historyMeter, largestPayload, longestGeneration } from '../support/historyMeter.ts';
import { startWorld, type World } from '../support/world.ts';

const hour = 3600;

/** RUNME starts one notebook, the one that its parameter `mode` names, in a job without a time limit. */
const script: NotebookScript = {
  RUNME: {
    seconds: 20,
    outcome: async ({ notebookPath, parameters }, api) => {
      const path = notebookPath.replace(/RUNME$/, parameters['mode'] ?? '');
      const new_cluster = { spark_version: '15.4.x-scala2.12', node_type_id: 'Standard_D4ads_v5', num_workers: 0 };
      const task = { task_key: 'only', notebook_task: { notebook_path: path }, new_cluster };
      const { job_id } = await api('POST', '/api/2.2/jobs/create', { name: 'child', tasks: [task] });
      const { run_id } = await api('POST', '/api/2.2/jobs/run-now', { job_id, idempotency_token: 'child' });
      return { result: JSON.stringify({ job_id: String(job_id), run_id: String(run_id) }) };
    },
  },
  '02_create_features': { seconds: 7 * hour, outcome: { result: '{"hours":7}' } },
  '03_train_models': { seconds: 20 * hour },
};

let world: World;
beforeAll(async () => {
  world = await startWorld({
    script,
    settings: ({ ACCELERATORS: usual }) => ({
      EXPECTED_SECONDS: '{"workspace":180,"storage":40,"runme":360,"notebooks":3600}',
      // Its one notebook leaves no results.
      ACCELERATORS: (usual ?? '').replace('"branch"', '"verify":false,"branch"'),
    }),
  });
});
afterAll(() => world.close());

test.runIf(fullSweep)(
  'F18: a run of 7 hours succeeds and one of 20 hours is given up after 8, with a history that stays short',
  { timeout: 180_000 },
  async () => {
    const long = await world.start({ workspaceName: 'dbw-long', parameters: { mode: '02_create_features' } });
    const endless = await world.start({ workspaceName: 'dbw-endless', parameters: { mode: '03_train_models' } });
    const meter = historyMeter(world, (instance) => instance.includes(':watch:'));
    await world.until(async () => {
      await meter.look();
      return world.isOver(long.id) && world.isOver(endless.id);
    });

    const succeeded = await world.read(long.id);
    expect(succeeded).toMatchObject({ runtimeStatus: 'Completed', results: { hours: 7 } });
    const waited = succeeded.steps.find(({ name }) => name === 'notebooks')?.waitedSeconds ?? 0;
    expect(waited).toBeGreaterThan(7 * hour);
    expect(waited).toBeLessThan(7.2 * hour);

    const refused = await world.read(endless.id);
    expect(refused.failure).toMatchObject({ code: 'RUN_TIMEOUT', step: 'notebooks', link: refused.links.notebooksRun });
    const { startedAt = '', endedAt = '' } = refused.steps.find(({ name }) => name === 'notebooks') ?? {};
    const hours = (Date.parse(endedAt) - Date.parse(startedAt)) / 3_600_000;
    expect(hours).toBeGreaterThanOrEqual(8);
    expect(hours).toBeLessThan(8.1);

    for (const { id } of [long, endless]) {
      const rows = meter.rows.filter(({ instance }) => instance === `${id}:watch:1`);
      expect(longestGeneration(rows)).toBeLessThanOrEqual(400);
      expect(largestPayload(rows)).toBeLessThan(50_000);
      expect(new Set(rows.map(({ generation }) => generation)).size).toBeGreaterThan(8);
    }
  },
);

test('F18: hours in which Databricks does not answer are waited out, with a history that stays short', async () => {
  const { id } = await world.start({ workspaceName: 'dbw-silent', parameters: { mode: '02_create_features' } });
  const meter = historyMeter(world, (instance) => instance === `${id}:watch:1`);
  await world.until(async () => (await world.read(id)).links.notebooksRun !== undefined);
  const silence = { method: 'GET', path: '/api/2.2/jobs/runs/get*', status: 503, seconds: 3 * hour };
  world.cloud.databricks.workspaces().at(-1)?.server.faults.add(silence);
  await world.until(async () => {
    await meter.look();
    return world.isOver(id);
  });

  expect(await world.read(id)).toMatchObject({ runtimeStatus: 'Completed', results: { hours: 7 } });
  expect(longestGeneration(meter.rows)).toBeLessThanOrEqual(400);
}, 120_000);
