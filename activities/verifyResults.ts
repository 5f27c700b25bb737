import * as v from 'valibot';
import { databricks, type DatabricksApi } from '../clients/databricks.ts';
import { DatabricksError, isMissing } from '../clients/databricksFailure.ts';
import { withSqlSession } from '../clients/databricksSql.ts';
import { SqlError } from '../clients/sqlFailure.ts';
import { RetryableError, TerminalError } from '../domain/errors.ts';
import { provenMetrics, provenModel, provenRun, provenTables, type SeenModel, type SeenRun } from '../domain/proof.ts';
import { countQuery, countRow, metricQuery, metricRow, mostMetrics } from '../domain/resultQueries.ts';
import { type DeclaredResults, isInUnityCatalog, resultLinks, type Verified } from '../domain/results.ts';
import type { VerifyInput } from '../domain/steps.ts';

const sqlSeconds = 120;

const keyed = <S extends v.GenericSchema>(value: S) => v.optional(v.array(v.object({ key: v.string(), value })), []);
// MLflow writes what JSON has no number for as text.
const number = v.pipe(v.union([v.number(), v.bigint(), v.string()]), v.transform(Number));
const mlflowRun = v.object({
  run: v.object({
    info: v.object({ experiment_id: v.string(), status: v.string(), lifecycle_stage: v.optional(v.string()) }),
    data: v.optional(v.object({ metrics: keyed(number), tags: keyed(v.string()) }), {}),
  }),
});
const modelVersion = v.object({ status: v.string(), run_id: v.optional(v.string()) });
const registryVersion = v.object({ model_version: modelVersion });

/**
 * Proves what the notebooks said of their results: the tables and metrics through the SQL warehouse, the MLflow run, the
 * model version. Only reads. Terminal: the RESULTS codes, SQL_FAILED, SQL_DENIED, WAREHOUSE_LOST.
 */
export async function verifyResults({
  workspace,
  warehouse,
  endpoint,
  owner,
  results,
}: VerifyInput): Promise<Verified> {
  const links = resultLinks(workspace.host);
  const { counts, rows } = await withSqlSession(workspace, endpoint, sqlSeconds, async (session) => ({
    counts: await session.rows(countQuery(results, owner), countRow, Object.keys(results.tables).length),
    rows: await session.rows(metricQuery(results, owner), metricRow, mostMetrics + 1),
  })).catch((error: unknown) => {
    throw refined(error, results, links);
  });
  const tables = provenTables(results, counts, owner, links);
  const api = databricks(workspace);
  const run = await readMlflowRun(api, results, links);
  const mlflowRun = provenRun(run, owner, links);
  const metrics = provenMetrics(results, rows, run, links);
  const model = provenModel(results, await readModel(api, results, links), links);
  return { tables, metrics, mlflowRun, model, warehouse };
}

// What Spark says of a table, a schema or a catalog that is not there.
const missing = new Set(['42P01', '42704', '42K05', '3F000', '3D000']);
// A column that is not there or of another type.
const unfit = new Set(['42703', '42K09', '22018', '42846']);

type Links = ReturnType<typeof resultLinks>;

/** What an error about a statement says of the results; the table is the one that Spark's words name, the longest that fits. */
function refined(error: unknown, { tables }: DeclaredResults, links: Links): unknown {
  if (!(error instanceof SqlError)) return error;
  const words = error.failure.cause ?? '';
  const [named] = Object.entries(tables)
    .filter(([role, name]) => words.replaceAll('`', '').includes(name) || words.includes(`\`${role}\`.`))
    .toSorted(([, a], [, b]) => b.length - a.length);
  const table = named ? `The table ${named[1]} (${named[0]})` : 'A table of the results';
  const details = { cause: words, ...(named && { link: links.table(named[1]) }) };
  if (missing.has(error.sqlState)) return new TerminalError('RESULTS_MISSING', `${table} is not there.`, details);
  if (unfit.has(error.sqlState))
    return new TerminalError('RESULTS_INVALID', `${table} has other columns than the proof needs.`, details);
  return error;
}

async function readMlflowRun(api: DatabricksApi, { mlflow }: DeclaredResults, links: Links): Promise<SeenRun> {
  const { run_id: id } = mlflow;
  const { run } = await api
    .get('/api/2.0/mlflow/runs/get', { run_id: id }, mlflowRun)
    .catch(unreadable(`The MLflow run ${id}`, links.mlflowRun(mlflow.experiment_id, id)));
  return {
    id,
    experimentId: run.info.experiment_id,
    status: run.info.status,
    isDeleted: run.info.lifecycle_stage === 'deleted',
    metrics: new Map(run.data.metrics.map(({ key, value }) => [key, value])),
    tags: new Map(run.data.tags.map(({ key, value }) => [key, value])),
  };
}

async function readModel(
  api: DatabricksApi,
  { model: { name, version } }: DeclaredResults,
  links: Links,
): Promise<SeenModel> {
  const asked = isInUnityCatalog(name)
    ? api.get(`/api/2.1/unity-catalog/models/${encodeURIComponent(name)}/versions/${version}`, {}, modelVersion)
    : api
        .get('/api/2.0/mlflow/model-versions/get', { name, version }, registryVersion)
        .then((one) => one.model_version);
  const seen = await asked.catch(unreadable(`The model ${name} version ${version}`, links.model(name, version)));
  return { status: seen.status, runId: seen.run_id };
}

const unreadable =
  (what: string, link: string) =>
  (error: unknown): never => {
    if (isMissing(error)) throw new TerminalError('RESULTS_MISSING', `${what} is not there.`, { link });
    if (!(error instanceof DatabricksError) || error.status !== 403) throw error;
    const { cause } = error.failure;
    throw new RetryableError('SQL_DENIED', `${what} may not be read by the app.`, { cause, link });
  };
