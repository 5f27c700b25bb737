import { actTraining } from '../../local/databricks/notebooks/actedResults.ts';
import type { ActedTable, ActedTables } from '../../local/databricks/notebooks/actedTables.ts';
import type { NotebookOutcome } from '../../local/databricks/notebooks/notebookRequest.ts';
import type { NotebookApi, ScriptedNotebook } from '../../local/databricks/notebooks/scriptedCompute.ts';

/** What the last notebook handed over, and what it was about. */
interface Left {
  account: {
    metrics: Record<string, unknown>;
    tables: Record<string, string>;
    rows: Record<string, number>;
    mlflow: { experiment_id: string; run_id: string };
    model: { name: string; version: string };
  };
  tables: ActedTables;
  api: NotebookApi;
  owner: { deployment: string; attempt: string };
  /** Changes one of the tables; features when no other is named. */
  change: (alter: (table: ActedTable) => Partial<ActedTable>, role?: string) => void;
}

type Spoil = (left: Left) => unknown;

const group = (deployment: string, attempt: string, rows: number) => ({ deployment, attempt, rows });
const changeRun = async ({ api, account }: Left, what: string, change: object): Promise<void> => {
  await api('POST', `/api/2.0/mlflow/runs/${what}`, { run_id: account.mlflow.run_id, ...change });
};

/** Makes a version of a model with a plain name of what the run has at `from`. */
async function registerInWorkspace(
  api: NotebookApi,
  { mlflow: { run_id } }: Left['account'],
  from = 'model',
): Promise<{ name: string; version: string }> {
  const root = '/api/2.0/mlflow';
  const name = 'implied_volatility';
  const upload = { run_id, path: ['model/MLmodel'] };
  const { credential_infos } = await api('POST', `${root}/artifacts/credentials-for-write`, upload);
  const [{ signed_uri: address } = { signed_uri: '' }] = credential_infos as { signed_uri: string }[];
  await fetch(address, { method: 'PUT', body: 'x', headers: { connection: 'close' } });
  const { run } = await api('GET', `${root}/runs/get?run_id=${run_id}`);
  const source = `${(run as { info: { artifact_uri: string } }).info.artifact_uri}/${from}`;
  await api('POST', `${root}/registered-models/create`, { name });
  const { model_version } = await api('POST', `${root}/model-versions/create`, { name, source, run_id });
  return { name, version: (model_version as { version: string }).version };
}

/** Everything that can be wrong with results, by the value of RUNME's parameter `mode`; what is returned is handed over instead. */
export const spoilers: Record<string, Spoil> = {
  table_missing: ({ tables, account }) => tables.drop(account.tables['labels'] ?? ''),
  table_empty: ({ change }) => change(() => ({ groups: [] }), 'labels'),
  table_of_another_deployment: ({ change }) => change(() => ({ groups: [group('somebody', '7-x', 1000)] })),
  table_of_an_earlier_attempt: ({ change, owner }) =>
    change(() => ({ groups: [group(owner.deployment, '0-x', 1000)] })),
  table_half_overwritten: ({ change, owner }) =>
    change(() => ({ groups: [group(owner.deployment, owner.attempt, 400), group('somebody', '7-x', 600)] })),
  table_with_earlier_rows_beside: ({ change, owner }) =>
    change(({ groups }) => ({ groups: [...groups, group(owner.deployment, '0-x', 1000)] })),
  table_without_attempt: ({ change }) => change(() => ({ columns: ['deployment', 'strike'] }), 'labels'),
  evaluation_without_value: ({ change }) =>
    change(({ columns }) => ({ columns: columns.filter((name) => name !== 'value') }), 'evaluation'),
  too_few_rows: ({ change, owner }) => change(() => ({ groups: [group(owner.deployment, owner.attempt, 999)] })),
  too_many_rows: ({ change, owner }) => change(() => ({ groups: [group(owner.deployment, owner.attempt, 1001)] })),
  rows_beyond_2_to_the_53: ({ change, owner }) =>
    change(() => ({ groups: [group(owner.deployment, owner.attempt, Number.MAX_SAFE_INTEGER)] })),
  metric_differs: ({ change }) =>
    change(({ metrics = [] }) => ({ metrics: metrics.map((row) => ({ ...row, value: 0.5 })) }), 'evaluation'),
  metric_unknown_to_mlflow: ({ change }) =>
    change(
      ({ metrics = [] }) => ({ metrics: metrics.map((row) => ({ ...row, metric: `my_${row.metric}` })) }),
      'evaluation',
    ),
  metric_is_text: ({ change }) =>
    change(({ metrics = [] }) => ({ metrics: metrics.map((row) => ({ ...row, value: 'good' })) }), 'evaluation'),
  metrics_of_the_paper_only: ({ change }) =>
    change(({ metrics = [] }) => ({ metrics: metrics.filter(({ model }) => model === 'paper') }), 'evaluation'),
  notebook_says_another_metric: ({ account }) => ({ ...account, metrics: { test_r2_score: 1 } }),
  run_missing: ({ account }) => ({ ...account, mlflow: { ...account.mlflow, run_id: 'f'.repeat(32) } }),
  run_failed: (left) => changeRun(left, 'update', { status: 'FAILED' }),
  run_of_another_deployment: (left) => changeRun(left, 'set-tag', { key: 'deployment', value: 'somebody' }),
  run_of_an_earlier_attempt: (left) => changeRun(left, 'set-tag', { key: 'attempt', value: '0-x' }),
  model_missing: ({ account }) => ({ ...account, model: { ...account.model, version: '99' } }),
  model_in_the_workspace: async ({ api, account }) => ({ ...account, model: await registerInWorkspace(api, account) }),
  model_without_files: async ({ api, account }) => ({
    ...account,
    model: await registerInWorkspace(api, account, 'nothing'),
  }),
  model_missing_in_the_workspace: ({ account }) => ({
    ...account,
    model: { name: 'implied_volatility', version: '1' },
  }),
  run_deleted: ({ api, account }) =>
    api('POST', '/api/2.0/mlflow/runs/delete', { run_id: account.mlflow.run_id }).then(() => undefined),
  silent: () => ({}),
  chatty: () => 'Trained.',
  names_of_two_levels: ({ account }) => ({
    ...account,
    tables: { ...account.tables, features: 'implied_volatility.features' },
  }),
  name_that_is_sql: ({ account }) => ({
    ...account,
    tables: { ...account.tables, features: 'a.b.c`) AS x; DROP TABLE `features' },
  }),
  rows_of_no_table: ({ account }) => ({ ...account, rows: { features: 1000 } }),
};

/** The training, whose results are then spoiled as the parameter `mode` says. */
export const spoiledTraining: ScriptedNotebook = {
  seconds: 2,
  outcome: async (request, api, tables): Promise<NotebookOutcome> => {
    const done = await actTraining(request, api, tables);
    const { mode = '', deployment = '', attempt = '' } = request.parameters;
    const account = JSON.parse(done.result ?? '') as Left['account'];
    const change: Left['change'] = (alter, role = 'features') => {
      const name = account.tables[role] ?? '';
      const table = tables.get(name);
      if (table) tables.write(name, { ...table, ...alter(table) });
    };
    const spoiled = await spoilers[mode]?.({ account, tables, api, owner: { deployment, attempt }, change });
    if (typeof spoiled === 'string') return { result: spoiled };
    return spoiled === undefined ? done : { result: JSON.stringify(spoiled) };
  },
};
