import { describe, expect, it } from 'vitest';
import type { MetricPoint } from '../../local/databricks/mlflow/entities.ts';
import { MetricHistory } from '../../local/databricks/mlflow/metricHistory.ts';
import { openStore } from '../../local/kit/store.ts';
import { createExperiment, createRun, logBatch } from './support/mlflowCalls.ts';
import { type Answer, type Json, admin, importNotebook, startTestWorkspace } from './support/startTestWorkspace.ts';

const experiments = '/api/2.0/mlflow/experiments';
const runs = '/api/2.0/mlflow/runs';
const path = `/Users/${admin}/training`;

const refusal = ({ status, body }: Answer): [number, string] => [status, body.error_code];
const invalid = [400, 'INVALID_PARAMETER_VALUE'];
const absent = [404, 'RESOURCE_DOES_NOT_EXIST'];

describe('experiments', () => {
  it('have a workspace path as their name, of which one is active at a time', async () => {
    const { call, clock } = await startTestWorkspace();
    const first = await createExperiment({ call }, path);
    expect(BigInt(first)).toBeGreaterThan(2n ** 53n);
    const again = await call('POST', `${experiments}/create`, { name: `/Workspace${path}` });
    expect(again).toMatchObject({ status: 400, body: { error_code: 'RESOURCE_ALREADY_EXISTS' } });
    expect(again.body.message).toBe(`Node named ${path} already exists`);
    clock.advance(1000);
    await call('POST', `${experiments}/delete`, { experiment_id: first });
    const second = await createExperiment({ call }, path);
    const byName = await call('GET', `${experiments}/get-by-name?experiment_name=${path}`);
    expect(byName.body.experiment).toMatchObject({ experiment_id: second, lifecycle_stage: 'active' });
    const restored = await call('POST', `${experiments}/restore`, { experiment_id: first });
    expect(refusal(restored)).toEqual([400, 'RESOURCE_ALREADY_EXISTS']);
    await call('POST', `${experiments}/update`, { experiment_id: second, new_name: `${path} 2` });
    expect((await call('POST', `${experiments}/restore`, { experiment_id: first })).status).toBe(200);
    const kept = await call('GET', `${experiments}/get?experiment_id=${first}`);
    expect(kept.body.experiment).toMatchObject({
      name: path,
      lifecycle_stage: 'active',
      artifact_location: `dbfs:/databricks/mlflow-tracking/${first}`,
    });
  });

  it('are refused without a folder for them, over a notebook, and with names that are no paths', async () => {
    const workspace = await startTestWorkspace();
    const create = async (name: unknown): Promise<[number, string]> =>
      refusal(await workspace.call('POST', `${experiments}/create`, { name }));
    expect(await create('/Users/nobody/x')).toEqual(absent);
    await importNotebook(workspace, '/Shared/notebook');
    expect(await create('/Shared/notebook')).toEqual([400, 'RESOURCE_ALREADY_EXISTS']);
    for (const name of ['', 'plain', 7, '/Shared/../../x', `/Shared/${'x'.repeat(500)}`]) {
      expect(await create(name)).toEqual(invalid);
    }
    expect(refusal(await workspace.call('GET', `${experiments}/get?experiment_id=12`))).toEqual(absent);
    expect(refusal(await workspace.call('GET', `${experiments}/get-by-name?experiment_name=/Shared/x`))).toEqual(
      absent,
    );
  });

  it('of a notebook are found again when the notebook asks for them', async () => {
    const workspace = await startTestWorkspace();
    await importNotebook(workspace, '/Shared/notebook');
    const tags = [{ key: 'mlflow.experiment.sourceId', value: '12' }];
    const first = await createExperiment(workspace, '/Shared/notebook', tags);
    expect(await createExperiment(workspace, '/Shared/notebook', tags)).toBe(first);
  });

  it('are searched by name, tag and time, in pages', async () => {
    const { call, clock } = await startTestWorkspace();
    for (const name of ['a', 'b', 'c']) {
      await createExperiment({ call }, `/Shared/${name}`, [{ key: 'kind', value: name === 'c' ? 'other' : 'mine' }]);
      clock.advance(1000);
    }
    const search = async (body: object): Promise<string[]> => {
      const { body: found } = await call('POST', `${experiments}/search`, body);
      return (found.experiments ?? []).map(({ name }: Json) => name);
    };
    expect(await search({})).toEqual(['/Shared/c', '/Shared/b', '/Shared/a']);
    expect(await search({ filter: "tags.kind = 'mine'", order_by: ['name'] })).toEqual(['/Shared/a', '/Shared/b']);
    expect(await search({ filter: "attribute.name ILIKE '%/B'" })).toEqual(['/Shared/b']);
    expect(await search({ filter: `creation_time < ${clock.now() - 2500}` })).toEqual(['/Shared/a']);
    const page = await call('GET', `${experiments}/search?max_results=2&order_by=name%20DESC`);
    const next = await call(
      'GET',
      `${experiments}/search?max_results=2&order_by=name%20DESC&page_token=${page.body.next_page_token}`,
    );
    expect(next.body).toMatchObject({ experiments: [{ name: '/Shared/a' }] });
    expect(next.body.next_page_token).toBeUndefined();
  });
});

describe('runs', () => {
  it('keep their history over a restart, with every digit and what is no number', async () => {
    const workspace = await startTestWorkspace();
    const { call } = workspace;
    const run = await createRun(workspace, path, { run_name: 'first', start_time: 5 });
    const far = 9_007_199_254_740_993n;
    const points = [
      { key: 'loss', value: 0.1, timestamp: 10, step: 1 },
      { key: 'loss', value: 'NaN', timestamp: far, step: far },
      { key: 'loss', value: '-Infinity', timestamp: 11, step: -3 },
    ];
    await logBatch(workspace, run, { metrics: points, params: [{ key: 'layers', value: '' }] });
    await call('POST', `${runs}/update`, { run_id: run, status: 'FINISHED', end_time: 99 });
    await workspace.restart();
    const { body } = await call('GET', `${runs}/get?run_id=${run}`);
    expect(body.run.info).toMatchObject({
      run_name: 'first',
      start_time: 5,
      end_time: 99,
      status: 'FINISHED',
      user_id: admin,
    });
    expect(body.run.data).toMatchObject({ params: [{ key: 'layers', value: '' }], metrics: [points[1]] });
    const history = await call('GET', `/api/2.0/mlflow/metrics/get-history?run_id=${run}&metric_key=loss`);
    expect(history.body.metrics).toEqual(points);
  });

  it('give long histories in pages, whatever the batches were', async () => {
    const workspace = await startTestWorkspace();
    const run = await createRun(workspace, path);
    for (const [from, count] of [
      [0, 7],
      [7, 998],
      [1005, 300],
    ] as const) {
      const metrics = Array.from({ length: count }, (_, i) => ({
        key: 'loss',
        value: from + i,
        timestamp: 1,
        step: from + i,
      }));
      await logBatch(workspace, run, { metrics });
    }
    const steps: number[] = [];
    for (let token = ''; ;) {
      const query = `run_id=${run}&metric_key=loss&max_results=500${token && `&page_token=${token}`}`;
      const { body } = await workspace.call('GET', `/api/2.0/mlflow/metrics/get-history?${query}`);
      steps.push(...body.metrics.map(({ step }: Json) => step));
      token = body.next_page_token ?? '';
      if (!token) break;
    }
    expect(steps).toEqual(Array.from({ length: 1305 }, (_, step) => step));
  });

  it('forget points of a request that ended with the emulator, in whichever document they are', () => {
    const history = new MetricHistory({ store: openStore(':memory:') });
    const points = (count: number, value: number): MetricPoint[] =>
      Array.from({ length: count }, () => ({ value, timestamp: 1, step: 0 }));
    history.append('run', 'loss', 0, points(499, 1));
    history.append('run', 'loss', 499, points(3, 2));
    history.append('run', 'loss', 499, points(2, 3));
    expect(history.read('run', 'loss', 501).map(({ value }) => value)).toEqual([...Array<number>(499).fill(1), 3, 3]);
    expect(history.read('run', 'loss', 499)).toHaveLength(499);
  });

  it('take the value of the highest step, whatever was logged last', async () => {
    const workspace = await startTestWorkspace();
    const run = await createRun(workspace, path);
    const log = (value: number, step: number, timestamp: number): Promise<Answer> =>
      workspace.call('POST', `${runs}/log-metric`, { run_id: run, key: 'loss', value, step, timestamp });
    await log(3, 9, 1);
    await log(2, 9, 2);
    await log(1, 8, 3);
    const { body } = await workspace.call('GET', `${runs}/get?run_id=${run}`);
    expect(body.run.data.metrics).toEqual([{ key: 'loss', value: 2, step: 9, timestamp: 2 }]);
  });

  it('log nothing of a batch in which a param would change', async () => {
    const workspace = await startTestWorkspace();
    const run = await createRun(workspace, path);
    const params = [{ key: 'layers', value: '3' }];
    await logBatch(workspace, run, { params });
    const metrics = [{ key: 'loss', value: 1, timestamp: 1, step: 0 }];
    await logBatch(workspace, run, { params });
    const changed = await logBatch(workspace, run, { params: [{ key: 'layers', value: '4' }], metrics });
    expect(refusal(changed)).toEqual(invalid);
    expect(changed.body.message).toContain("[{'key': 'layers', 'old_value': '3', 'new_value': '4'}]");
    const { body } = await workspace.call('GET', `${runs}/get?run_id=${run}`);
    expect(body.run.data).toMatchObject({ params });
    expect(body.run.data.metrics).toBeUndefined();
  });

  it('show what belongs to a group of metrics folded, and in the list of runs only how many there are', async () => {
    const workspace = await startTestWorkspace();
    const run = await createRun(workspace, path);
    const cells = Array.from({ length: 88 }, (_, i) => ({ key: `error/cell_${i}`, value: i, timestamp: 1, step: 0 }));
    await logBatch(workspace, run, { metrics: [...cells, { key: 'loss', value: 0.5, timestamp: 1, step: 0 }] });
    const { body: read } = await workspace.call('GET', `${runs}/get?run_id=${run}`);
    const list = `/ml/experiments/${read.run.info.experiment_id}`;
    const { body: page } = await workspace.call('GET', `${list}/runs/${run}`);
    expect(page).toMatch(/loss<\/td>.*<summary>error: 88<\/summary>.*error\/cell_87/s);
    const { body: listed } = await workspace.call('GET', list);
    expect(listed).toContain('loss: 0.5');
    expect(listed).toContain('error/…: 88 values');
    expect(listed).not.toContain('cell_');
  });

  it('refuse names, values and amounts beyond the limits, and what has the wrong type', async () => {
    const workspace = await startTestWorkspace();
    const run = await createRun(workspace, path);
    const metric = { key: 'loss', value: 1, timestamp: 1, step: 0 };
    const pairs = (count: number): Json[] => Array.from({ length: count }, (_, i) => ({ key: `key ${i}`, value: 'x' }));
    const wrong: Record<string, unknown>[] = [
      { metrics: Array.from({ length: 1001 }, () => metric) },
      { metrics: Array.from({ length: 901 }, () => metric), params: pairs(100) },
      { params: pairs(101) },
      { tags: pairs(101) },
      { params: [{ key: 'long', value: 'x'.repeat(6001) }] },
      { tags: [{ key: 'long', value: 'x'.repeat(8001) }] },
      { tags: [{ key: 'x'.repeat(251), value: 'y' }] },
      { tags: Array.from({ length: 100 }, (_, i) => ({ key: `${i}`, value: 'ä'.repeat(5100) })) },
      { params: [{ key: '../../x', value: 'y' }] },
      { params: [{ key: 'x', value: 7 }] },
      { params: [{ value: 'y' }] },
      { metrics: [{ ...metric, key: 'a?b' }] },
      { metrics: [{ ...metric, value: 'much' }] },
      { metrics: [{ ...metric, value: true }] },
      { metrics: [{ ...metric, timestamp: -1 }] },
      { metrics: [{ ...metric, step: 1.5 }] },
      { metrics: [{ ...metric, step: 2n ** 63n }] },
      { metrics: [{ key: 'loss', value: 1 }] },
      { metrics: 'loss' },
    ];
    const answers = await Promise.all(wrong.map((batch) => logBatch(workspace, run, batch)));
    expect(answers.map(refusal)).toEqual(wrong.map(() => invalid));
    const { body } = await workspace.call('GET', `${runs}/get?run_id=${run}`);
    expect(Object.keys(body.run.data)).toEqual(['tags']);
  });

  it('are refused when they, or their experiment, are not there or deleted', async () => {
    const workspace = await startTestWorkspace();
    const { call } = workspace;
    const run = await createRun(workspace, path);
    const { body } = await call('GET', `${runs}/get?run_id=${run}`);
    const { experiment_id } = body.run.info;
    const setTag = (run_id: string): Promise<Answer> =>
      call('POST', `${runs}/set-tag`, { run_id, key: 'a', value: 'b' });
    expect(refusal(await setTag('0'.repeat(32)))).toEqual(absent);
    await call('POST', `${runs}/delete`, { run_id: run });
    expect((await setTag(run)).body.message).toContain("must be in the 'active' state. Current state is deleted.");
    await call('POST', `${runs}/restore`, { run_id: run });
    expect((await setTag(run)).status).toBe(200);
    await call('POST', `${experiments}/delete`, { experiment_id });
    expect(refusal(await setTag(run))).toEqual(invalid);
    expect(refusal(await call('POST', `${runs}/create`, { experiment_id }))).toEqual(invalid);
    expect(refusal(await call('POST', `${runs}/create`, { experiment_id: '12' }))).toEqual(absent);
    expect((await call('GET', `${runs}/get?run_id=${run}`)).body.run.info.lifecycle_stage).toBe('deleted');
    expect(refusal(await call('POST', `${runs}/search`, { experiment_ids: ['12'] }))).toEqual(absent);
    expect(refusal(await call('POST', `${runs}/update`, { run_id: run, status: 'HAPPY' }))).toEqual(invalid);
  });

  it('change their name with its tag, and lose a tag on request', async () => {
    const workspace = await startTestWorkspace();
    const { call } = workspace;
    const run = await createRun(workspace, path);
    await call('POST', `${runs}/set-tag`, { run_id: run, key: 'mlflow.runName', value: 'renamed' });
    await call('POST', `${runs}/set-tag`, { run_id: run, key: 'extra', value: 'x' });
    expect((await call('POST', `${runs}/delete-tag`, { run_id: run, key: 'extra' })).status).toBe(200);
    expect(refusal(await call('POST', `${runs}/delete-tag`, { run_id: run, key: 'extra' }))).toEqual(absent);
    const { body } = await call('GET', `${runs}/get?run_id=${run}`);
    expect(body.run.info.run_name).toBe('renamed');
    expect(body.run.data.tags.map(({ key }: Json) => key)).not.toContain('extra');
  });
});
