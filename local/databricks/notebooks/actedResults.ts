import type { ActedTables } from './actedTables.ts';
import type { NotebookOutcome, NotebookRequest } from './notebookRequest.ts';
import type { NotebookApi } from './scriptedCompute.ts';

/** What the acted training leaves behind; a test changes what it wants to go wrong. */
export interface ActedResults {
  deployment: string;
  attempt: string;
  rows: Record<'features' | 'labels' | 'evaluation', number>;
  metrics: Record<string, number>;
}

const owned = ['deployment', 'attempt'];
/** The tag or property by which notebooks say whose their results are. */
const ownerTag = 'accelerator-deployment';

/** Writes the tables, logs the MLflow run, registers the model, and hands over an account of all, as the real notebook does. */
export async function actTraining(
  request: NotebookRequest,
  api: NotebookApi,
  tables: ActedTables,
): Promise<NotebookOutcome> {
  const { deployment = '', attempt = '', schema = 'implied_volatility' } = request.parameters;
  const metrics = { test_r2_score: 0.99, relative_error_mean_percent: 1.05 };
  const results: ActedResults = {
    deployment,
    attempt,
    rows: { features: 1000, labels: 1000, evaluation: 3 },
    metrics,
  };
  const at = `${tables.catalog}.${schema}`;
  tables.createSchema(schema, { [ownerTag]: deployment });
  writeTables(at, results, tables);
  const run = await logRun(request, api, results, { features_table: `${at}.features` });
  const model = await registerModel(`${at}.implied_volatility`, run.run_id, api);
  return {
    result: JSON.stringify({
      metrics,
      pictures: [],
      tables: Object.fromEntries(Object.keys(results.rows).map((role) => [role, `${at}.${role}`])),
      rows: results.rows,
      mlflow: run,
      model,
    }),
  };
}

function writeTables(at: string, { deployment, attempt, rows, metrics }: ActedResults, tables: ActedTables): void {
  const properties = { [ownerTag]: deployment };
  for (const [role, count] of Object.entries(rows))
    tables.write(`${at}.${role}`, { columns: owned, groups: [{ deployment, attempt, rows: count }], properties });
  const evaluated = [
    ...Object.entries(metrics).map(([metric, value]) => ({ model: 'network', metric, value })),
    { model: 'paper', metric: 'relative_error_mean_percent', value: 1.5 },
  ];
  tables.write(`${at}.evaluation`, {
    columns: [...owned, 'model', 'metric', 'value'],
    groups: [{ deployment, attempt, rows: rows.evaluation }],
    metrics: evaluated.map((row) => ({ ...row, deployment, attempt })),
    properties,
  });
}

async function logRun(
  { user }: NotebookRequest,
  api: NotebookApi,
  { deployment, attempt, metrics }: ActedResults,
  params: Record<string, string>,
): Promise<{ experiment_id: string; run_id: string }> {
  const name = `/Users/${user}/implied_volatility`;
  const experiment_id = await experimentOf(name, api);
  await api('POST', '/api/2.0/mlflow/experiments/set-experiment-tag', {
    experiment_id,
    key: ownerTag,
    value: deployment,
  });
  const { run } = (await api('POST', '/api/2.0/mlflow/runs/create', {
    experiment_id,
    tags: [
      { key: 'deployment', value: deployment },
      { key: 'attempt', value: attempt },
      { key: ownerTag, value: deployment },
    ],
  })) as { run: { info: { run_id: string } } };
  const { run_id } = run.info;
  await api('POST', '/api/2.0/mlflow/runs/log-batch', {
    run_id,
    metrics: Object.entries(metrics).map(([key, value]) => ({ key, value, timestamp: 0, step: 0 })),
    params: Object.entries(params).map(([key, value]) => ({ key, value })),
  });
  await api('POST', '/api/2.0/mlflow/runs/update', { run_id, status: 'FINISHED' });
  return { experiment_id, run_id };
}

async function experimentOf(name: string, api: NotebookApi): Promise<string> {
  const path = '/api/2.0/mlflow/experiments';
  const byName = `${path}/get-by-name?experiment_name=${encodeURIComponent(name)}`;
  type Found = { experiment?: { experiment_id: string; lifecycle_stage: string } };
  const { experiment } = (await api('GET', byName).catch(() => ({}))) as Found;
  if (experiment?.lifecycle_stage === 'active') return experiment.experiment_id;
  const { experiment_id } = (await api('POST', `${path}/create`, { name })) as { experiment_id: string };
  return experiment_id;
}

async function registerModel(
  name: string,
  runId: string,
  api: NotebookApi,
): Promise<{ name: string; version: string }> {
  const path = '/api/2.0/mlflow/unity-catalog';
  await api('POST', `${path}/registered-models/create`, { name }).catch((error: Error) => {
    // An earlier attempt has made it.
    if (!error.message.includes('ALREADY_EXISTS')) throw error;
  });
  const source = `runs:/${runId}/model`;
  const made = (await api('POST', `${path}/model-versions/create`, { name, source, run_id: runId })) as {
    model_version: { version: string };
  };
  const { version } = made.model_version;
  const file = `/api/2.0/fs/files/Models/${name.replaceAll('.', '/')}/${version}/MLmodel`;
  await api('PUT', file, `run_id: ${runId}\nsignature: {}\n`);
  await api('POST', `${path}/model-versions/finalize`, { name, version });
  return { name, version };
}
