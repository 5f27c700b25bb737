import { RetryableError, TerminalError } from './errors.ts';
import { type CountRow, type MetricRow, mostMetrics, type Owner } from './resultQueries.ts';
import type { DeclaredResults, resultLinks, Verified } from './results.ts';

/** An MLflow run as far as it proves something. */
export interface SeenRun {
  id: string;
  experimentId: string;
  status: string;
  /** MLflow keeps deleted runs for a while and answers with them as with any other. */
  isDeleted: boolean;
  metrics: Map<string, number>;
  tags: Map<string, string>;
}

/** A registered model version as far as it proves something. */
export interface SeenModel {
  status: string;
  /** The MLflow run that it came from; undefined when the registry does not say. */
  runId?: string | undefined;
}

type VerifiedTable = Verified['tables'][number];
type Links = ReturnType<typeof resultLinks>;

// A metric goes through decimal text and back on both ways.
const tolerance = 1e-9;

/**
 * The tables with their rows of this attempt, of which there must be as many as the notebook said. Rows of earlier
 * attempts may stand beside them. Throws RESULTS_EMPTY, RESULTS_STALE or RESULTS_INVALID.
 */
export function provenTables(
  { tables, rows }: DeclaredResults,
  counts: CountRow[],
  owner: Owner,
  links: Links,
): VerifiedTable[] {
  return Object.entries(tables).map(([role, name]) => {
    const url = links.table(name);
    const seen = counts.find((count) => count.role === role);
    if (!seen) throw new TerminalError('RESULTS_INVALID', `The warehouse told nothing of ${name}.`, { link: url });
    const { row_count: all, fresh_count: fresh, other } = seen;
    const declared = rows[role] ?? 0;
    if (all === 0n) throw new TerminalError('RESULTS_EMPTY', `The table ${name} (${role}) is empty.`, { link: url });
    if (fresh < BigInt(declared) && fresh < all) {
      throw new TerminalError(
        'RESULTS_STALE',
        `Of the ${declared} rows that the table ${name} (${role}) should have of ${nameOf(owner)} it has ${fresh}, and ` +
          `${all - fresh} of ${other ? `deployment ${other}` : 'nobody'}.`,
        { link: url },
      );
    }
    if (fresh !== BigInt(declared) || fresh === 0n) {
      throw new TerminalError(
        'RESULTS_INVALID',
        `The table ${name} (${role}) has ${fresh} rows of ${nameOf(owner)}; the notebook said ${declared}.`,
        { link: url },
      );
    }
    return { role, name, rows: declared, url };
  });
}

/** The run, which must have succeeded and be of this attempt. Throws RESULTS_MISSING, RESULTS_INVALID or RESULTS_STALE. */
export function provenRun(run: SeenRun, owner: Owner, links: Links): Verified['mlflowRun'] {
  const url = links.mlflowRun(run.experimentId, run.id);
  if (run.isDeleted)
    throw new TerminalError('RESULTS_MISSING', `The MLflow run ${run.id} has been deleted.`, { link: url });
  if (run.status !== 'FINISHED')
    throw new TerminalError('RESULTS_INVALID', `The MLflow run ${run.id} is ${run.status}.`, { link: url });
  const [deployment, attempt] = [run.tags.get('deployment'), run.tags.get('attempt')];
  if (deployment !== owner.deployment || attempt !== owner.attempt) {
    throw new TerminalError(
      'RESULTS_STALE',
      `The MLflow run ${run.id} is of ${deployment ? nameOf({ deployment, attempt: attempt ?? 'unknown' }) : 'nobody'}, ` +
        `not of ${nameOf(owner)}.`,
      { link: url },
    );
  }
  return { id: run.id, url, status: run.status };
}

/** The metrics of the evaluation table; MLflow and the notebook must say the same. Throws RESULTS_INVALID or RESULTS_EMPTY. */
export function provenMetrics(
  { tables, metrics: handedOver }: DeclaredResults,
  rows: MetricRow[],
  run: SeenRun,
  links: Links,
): Record<string, number> {
  const table = tables['evaluation'] ?? '';
  const link = links.table(table);
  if (rows.length === 0) {
    throw new TerminalError('RESULTS_EMPTY', `The table ${table} has no metrics of the network.`, { link });
  }
  const metrics = new Map(rows.map(({ metric, value }) => [metric, provenNumber(metric, value, table, link)]));
  if (metrics.size < rows.length || rows.length > mostMetrics) {
    const what = metrics.size < rows.length ? 'a metric twice' : `more than ${mostMetrics} metrics`;
    throw new TerminalError('RESULTS_INVALID', `The table ${table} has ${what}.`, { link });
  }
  for (const [name, value] of metrics) {
    const said = Object.hasOwn(handedOver, name) ? handedOver[name] : value;
    const others = { MLflow: run.metrics.get(name), 'the notebook': said };
    for (const [who, other] of Object.entries(others)) {
      if (typeof other === 'number' && isClose(value, other)) continue;
      throw new TerminalError(
        'RESULTS_INVALID',
        `The metric ${name} is ${value} in ${table} and ${shown(other)} by ${who}.`,
        { link: who === 'MLflow' ? links.mlflowRun(run.experimentId, run.id) : link },
      );
    }
  }
  return Object.fromEntries(metrics);
}

function provenNumber(metric: string, value: unknown, table: string, link: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new TerminalError(
    'RESULTS_INVALID',
    `The metric ${metric} is ${shown(value)} in ${table}, which is no number.`,
    {
      link,
    },
  );
}

/** The model version, which must be ready and made by the run. Throws RESULTS_INVALID or RESULTS_STALE. */
export function provenModel(
  { model: { name, version }, mlflow }: DeclaredResults,
  model: SeenModel,
  links: Links,
): Verified['model'] {
  const url = links.model(name, version);
  if (model.status === 'PENDING_REGISTRATION') {
    throw new RetryableError('RESULTS_MISSING', `The model ${name} version ${version} is still being registered.`, {
      link: url,
    });
  }
  if (model.status !== 'READY')
    throw new TerminalError('RESULTS_INVALID', `The model ${name} version ${version} is ${model.status}.`, {
      link: url,
    });
  if (model.runId !== mlflow.run_id) {
    throw new TerminalError(
      'RESULTS_STALE',
      `The model ${name} version ${version} is of the MLflow run ${model.runId || 'of nobody'}, not of ${mlflow.run_id}.`,
      { link: url },
    );
  }
  return { name, version, url };
}

const nameOf = ({ deployment, attempt }: Owner): string => `deployment ${deployment} attempt ${attempt}`;

/** A value as people read it: text in quotes, and NaN and infinities, for which JSON has nothing but null. */
const shown = (value: unknown): string =>
  typeof value === 'number' || typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? 'missing');

const isClose = (a: number, b: number): boolean =>
  a === b || Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b));
