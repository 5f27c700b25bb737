import { describe, expect, it } from 'vitest';
import { createRun, logBatch } from './support/mlflowCalls.ts';
import { type Answer, type Json, type TestWorkspace, admin, startTestWorkspace } from './support/startTestWorkspace.ts';

const experiments = '/api/2.0/mlflow/experiments';
const runs = '/api/2.0/mlflow/runs';
const path = `/Users/${admin}/training`;

const refusal = ({ status, body }: Answer): [number, string] => [status, body.error_code];
const invalid = [400, 'INVALID_PARAMETER_VALUE'];

describe('a search for runs', () => {
  it('filters and orders by metrics, params, tags, attributes and datasets', async () => {
    const workspace = await startTestWorkspace();
    const ids = await threeRuns(workspace);
    const find = async (filter: string, more: object = {}): Promise<number[]> => {
      const { status, body } = await search(workspace, { filter, order_by: ['attributes.start_time ASC'], ...more });
      expect({ filter, status }).toEqual({ filter, status: 200 });
      return (body.runs ?? []).map(({ info }: Json) => ids.indexOf(info.run_id));
    };
    expect(await find('metrics.loss > 0.15')).toEqual([1, 2]);
    expect(await find('metrics.`val loss` <= 1 and metric.loss != 0.2')).toEqual([0]);
    expect(await find('params."y" = \'z1\'')).toEqual([1]);
    expect(await find("param.y LIKE 'Z%'")).toEqual([]);
    expect(await find("params.y ILIKE 'Z%' AND tags.team != 'b'")).toEqual([0, 2]);
    expect(await find("tags.`team` LIKE '_'")).toEqual([0, 1, 2]);
    expect(await find("attributes.status = 'FINISHED'")).toEqual([2]);
    expect(await find("status = 'RUNNING' AND run_name = 'run 0'")).toEqual([0]);
    expect(await find(`start_time >= 2000`)).toEqual([1, 2]);
    expect(await find(`run_id IN ('${ids[0]}', "${ids[2]}")`)).toEqual([0, 2]);
    expect(await find(`attributes.run_id NOT IN ('${ids[0]}')`)).toEqual([1, 2]);
    expect(await find("dataset.name = 'points' AND datasets.context = 'training'")).toEqual([1]);
    expect(await find('metrics.missing > 0')).toEqual([]);
    expect(await find('', { order_by: ['metrics.`val loss` DESC', 'start_time'] })).toEqual([1, 0, 2]);
    expect(await find('', { order_by: ['params.y DESC'] })).toEqual([2, 1, 0]);
    expect(await find('', { order_by: [] })).toEqual([2, 1, 0]);
  });

  it('shows deleted runs when they are asked for, and gives pages', async () => {
    const workspace = await startTestWorkspace();
    const ids = await threeRuns(workspace);
    await workspace.call('POST', `${runs}/delete`, { run_id: ids[1] });
    const count = async (run_view_type: string): Promise<number> =>
      ((await search(workspace, { run_view_type })).body.runs ?? []).length;
    expect(await Promise.all(['ACTIVE_ONLY', 'DELETED_ONLY', 'ALL'].map(count))).toEqual([2, 1, 3]);
    const first = await search(workspace, { max_results: 2, run_view_type: 'ALL' });
    const rest = await search(workspace, {
      max_results: 2,
      run_view_type: 'ALL',
      page_token: first.body.next_page_token,
    });
    const found = [...first.body.runs, ...rest.body.runs].map(({ info }: Json) => info.run_id);
    expect(found).toEqual(ids.toReversed());
    expect(rest.body.next_page_token).toBeUndefined();
  });

  it('refuses what is not in the language, and says what is wrong', async () => {
    const workspace = await startTestWorkspace();
    await threeRuns(workspace);
    const wrong: Record<string, string> = {
      "metrics.loss > 'a'": 'Expected numeric value type for metric',
      'params.y = z': 'Expected a quoted string value for parameter',
      'params.y > 3': "Invalid comparator '>'",
      'metrics.loss > 1 OR metrics.loss < 0': "Invalid clause(s) in filter string: 'OR metrics.loss < 0'",
      'metrics.loss > 1 AND': "Invalid clause(s) in filter string: 'AND'",
      'metrics.loss': "Invalid clause(s) in filter string: 'metrics.loss'",
      'things.a = 1': "Invalid entity type 'things'",
      'attributes.colour = 1': "Invalid attribute key 'colour'",
      "tags.a IN ('x')": "Invalid comparator 'IN'",
      'run_id IN (1, 2)': 'ill-formed list',
      "params.y = 'z'; DROP": 'Invalid clause(s)',
    };
    for (const [filter, message] of Object.entries(wrong)) {
      const answer = await search(workspace, { filter });
      expect({ filter, refusal: refusal(answer) }).toEqual({ filter, refusal: invalid });
      expect(answer.body.message).toContain(message);
    }
    expect(refusal(await search(workspace, { order_by: ['metrics.loss SIDEWAYS'] }))).toEqual(invalid);
    expect(refusal(await search(workspace, { max_results: 0 }))).toEqual(invalid);
    expect(refusal(await search(workspace, { page_token: 'next' }))).toEqual(invalid);
  });
});

/** Three runs: losses 0.1, 0.2, 0.3; the last one is over, the middle one has read a dataset. */
async function threeRuns(workspace: TestWorkspace): Promise<string[]> {
  const ids: string[] = [];
  for (const i of [0, 1, 2]) {
    const run = await createRun(workspace, path, { run_name: `run ${i}`, start_time: 1000 * (i + 1) });
    const val = i < 2 ? [{ key: 'val loss', value: i, timestamp: 1, step: 0 }] : [];
    await logBatch(workspace, run, {
      metrics: [{ key: 'loss', value: (i + 1) / 10, timestamp: 1, step: 0 }, ...val],
      params: [{ key: 'y', value: `z${i}` }],
      tags: [{ key: 'team', value: i === 1 ? 'b' : 'a' }],
    });
    ids.push(run);
  }
  const dataset = { name: 'points', digest: '1', source_type: 'code', source: '{}' };
  const tags = [{ key: 'mlflow.data.context', value: 'training' }];
  await workspace.call('POST', `${runs}/log-inputs`, { run_id: ids[1], datasets: [{ tags, dataset }] });
  await workspace.call('POST', `${runs}/update`, { run_id: ids[2], status: 'FINISHED', end_time: 9 });
  return ids;
}

async function search({ call }: TestWorkspace, body: object): Promise<Answer> {
  const { body: found } = await call('GET', `${experiments}/get-by-name?experiment_name=${path}`);
  return call('POST', `${runs}/search`, { experiment_ids: [found.experiment.experiment_id], ...body });
}
