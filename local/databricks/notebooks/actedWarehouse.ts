import type { Clock } from '../../kit/clock.ts';
import type { SqlFailure, SqlOutcome, SqlStatement, StartedWarehouse } from '../compute.ts';
import type { ActedTable, ActedTables } from './actedTables.ts';

/**
 * Acts a SQL warehouse over acted tables: it knows the two statements of the app's proof and refuses every other. A
 * statement takes as long as the tables say.
 */
export const actedWarehouse = (tables: ActedTables, clock: Clock): StartedWarehouse => ({
  execute(statement) {
    const { promise: outcome, resolve } = Promise.withResolvers<SqlOutcome>();
    const stop = clock.setTimer(clock.now() + tables.statementSeconds * 1000, () => resolve(answer(statement, tables)));
    const cancel = (): void => {
      stop();
      resolve({ canceled: true });
    };
    return { outcome, cancel };
  },
  closeSession: () => undefined,
  stop: () => Promise.resolve(),
});

const countPart =
  /^SELECT '(\w+)' AS role, CAST\(count\(\*\) AS STRING\) AS row_count, CAST\(count_if\(`\1`\.deployment = :deployment AND `\1`\.attempt = :attempt\) AS STRING\) AS fresh_count, min\(.+ THEN NULL ELSE .+\) AS other FROM IDENTIFIER\(:(\w+)\) AS `\1`$/;
const metricStatement =
  /^SELECT evaluation\.metric, evaluation\.value FROM IDENTIFIER\(:evaluation\) AS evaluation WHERE evaluation\.deployment = :deployment AND evaluation\.attempt = :attempt AND evaluation\.model = :model ORDER BY evaluation\.metric LIMIT (\d+)$/;

function answer({ text, parameters }: SqlStatement, tables: ActedTables): SqlOutcome {
  const values = Object.fromEntries(parameters.map(({ name, value }) => [name, value ?? '']));
  const metrics = metricStatement.exec(text);
  if (metrics) return metricRows(values, tables, Number(metrics[1]));
  const parts = text.split('\nUNION ALL\n').map((part) => countPart.exec(part));
  const counts: (string | null)[][] = [];
  for (const part of parts) {
    if (!part) return failure('PARSE_SYNTAX_ERROR', '42601', `No acted warehouse knows the statement ${text}`);
    const [, role = '', parameter = ''] = part;
    const found = find(values[parameter] ?? '', role, tables, ['deployment', 'attempt']);
    if ('errorClass' in found) return found;
    counts.push(countRow(role, found, values));
  }
  const columns = ['role', 'row_count', 'fresh_count', 'other'].map((name) => ({ name, type: 'string' }));
  return { columns, rows: counts };
}

function countRow(role: string, { groups }: ActedTable, values: Record<string, string>): (string | null)[] {
  const fresh = groups.filter((group) => isOf(group, values));
  const others = groups
    .filter((group) => !isOf(group, values))
    .map((group) => `${group.deployment} attempt ${group.attempt}`);
  const sum = (some: ActedTable['groups']): string => String(some.reduce((total, { rows }) => total + rows, 0));
  return [role, sum(groups), sum(fresh), others.toSorted()[0] ?? null];
}

function metricRows(values: Record<string, string>, tables: ActedTables, limit: number): SqlOutcome {
  const found = find(values['evaluation'] ?? '', 'evaluation', tables, [
    'metric',
    'value',
    'deployment',
    'attempt',
    'model',
  ]);
  if ('errorClass' in found) return found;
  const rows = (found.metrics ?? [])
    .filter((row) => isOf(row, values) && row.model === values['model'])
    .map(({ metric, value }) => [metric, value as number])
    .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  const type = rows.some(([, value]) => typeof value === 'string') ? 'string' : 'double';
  return {
    columns: [
      { name: 'metric', type: 'string' },
      { name: 'value', type },
    ],
    rows: rows.slice(0, limit),
  };
}

const isOf = (row: { deployment: string; attempt: string }, { deployment, attempt }: Record<string, string>): boolean =>
  row.deployment === deployment && row.attempt === attempt;

function find(quoted: string, alias: string, tables: ActedTables, needed: string[]): ActedTable | SqlFailure {
  const table = tables.get(quoted.replaceAll('`', ''));
  if (!table) return failure('TABLE_OR_VIEW_NOT_FOUND', '42P01', `The table or view ${quoted} cannot be found.`);
  const lacking = needed.find((column) => !table.columns.includes(column));
  if (lacking === undefined) return table;
  const message = `A column or function parameter with name \`${alias}\`.\`${lacking}\` cannot be resolved.; line 1 pos 7;`;
  return failure('UNRESOLVED_COLUMN.WITH_SUGGESTION', '42703', message);
}

const failure = (errorClass: string, sqlState: string, message: string): SqlFailure => ({
  errorClass,
  sqlState,
  message: `[${errorClass}] ${message}`,
});
