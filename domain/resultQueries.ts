import * as v from 'valibot';
import type { DeclaredResults } from './results.ts';

/** A statement and the values of its named parameters, all of them text. */
export interface SqlQuery {
  text: string;
  parameters: Record<string, string>;
}

/** Whose the results have to be; `attempt` is the mark of the attempt. */
export interface Owner {
  deployment: string;
  attempt: string;
}

/** The model of the evaluation table whose metrics are those of the MLflow run. */
const verifiedModel = 'network';
/** More than so many metrics are no evaluation of one model. */
export const mostMetrics = 100;

const count = v.pipe(v.string(), v.regex(/^\d{1,19}$/), v.toBigint());

/** A row of the count query. */
export const countRow = v.object({
  role: v.string(),
  row_count: count,
  fresh_count: count,
  other: v.nullable(v.string()),
});
export type CountRow = v.InferOutput<typeof countRow>;

/** A row of the metric query; whether the value is a number is judged where the metric can be named. */
export const metricRow = v.object({ metric: v.string(), value: v.unknown() });
export type MetricRow = v.InferOutput<typeof metricRow>;

/**
 * One row for each table, all in one statement: how many rows it has, how many of this attempt, and whose the others are.
 * Counts are text, because the driver makes Infinity of 64-bit numbers beyond 2^53. The columns carry the table's role,
 * so that Spark's words about one that is missing say in which table.
 */
export function countQuery({ tables }: DeclaredResults, owner: Owner): SqlQuery {
  const parameters: Record<string, string> = { ...owner };
  const parts = Object.entries(tables).map(([role, table], i) => {
    parameters[`table${i}`] = quoted(table);
    const [deployment, attempt] = [`\`${role}\`.deployment`, `\`${role}\`.attempt`];
    const fresh = `${deployment} = :deployment AND ${attempt} = :attempt`;
    return [
      `SELECT '${role}' AS role`,
      'CAST(count(*) AS STRING) AS row_count',
      `CAST(count_if(${fresh}) AS STRING) AS fresh_count`,
      `min(CASE WHEN ${fresh} THEN NULL ELSE concat_ws(' attempt ', ${deployment}, ${attempt}) END) AS other` +
        ` FROM IDENTIFIER(:table${i}) AS \`${role}\``,
    ].join(', ');
  });
  return { text: parts.join('\nUNION ALL\n'), parameters };
}

/** The metrics of this attempt in the evaluation table; one more than may be, so that too many are noticed. */
export function metricQuery({ tables }: DeclaredResults, owner: Owner): SqlQuery {
  return {
    text:
      'SELECT evaluation.metric, evaluation.value FROM IDENTIFIER(:evaluation) AS evaluation' +
      ' WHERE evaluation.deployment = :deployment AND evaluation.attempt = :attempt AND evaluation.model = :model' +
      ` ORDER BY evaluation.metric LIMIT ${mostMetrics + 1}`,
    parameters: { ...owner, evaluation: quoted(tables['evaluation'] ?? ''), model: verifiedModel },
  };
}

const quoted = (name: string): string =>
  name
    .split('.')
    .map((part) => `\`${part}\``)
    .join('.');
