import type { SqlOutcome, SqlResult, SqlValue, StartedWarehouse, WarehouseRequest } from '../compute.ts';
import { pythonEnvironment } from '../notebooks/pythonEnvironment.ts';
import type { SparkInstallation } from './sparkInstallation.ts';
import { startSparkProcess } from './sparkProcess.ts';

const settings = {
  'spark.log.level': 'WARN',
  // Room for four statements of two tasks each: a task is never interrupted for another, so a short one would wait for a long one.
  'spark.master': 'local[8]',
  'spark.scheduler.mode': 'FAIR',
  'spark.sql.session.timeZone': 'UTC',
  // As on Databricks SQL: what overflows or divides by zero is an error.
  'spark.sql.ansi.enabled': 'true',
};

/** A line that the driver answers with; `WarehouseReplies.scala` says which. */
interface ReplyLine {
  id: string;
  columns?: SqlResult['columns'];
  rows?: SqlValue[][];
  end?: 'done' | 'canceled' | 'failed';
  errorClass?: string;
  sqlState?: string;
  message?: string;
}

interface Running {
  result: SqlResult;
  resolve(outcome: SqlOutcome): void;
}

/** A SQL warehouse with Spark: one process that executes the statements of all sessions. */
export function startSparkWarehouse(
  { compiled, ...installation }: SparkInstallation,
  warehouse: WarehouseRequest,
): StartedWarehouse {
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  const running = new Map<string, Running>();
  let lastId = 0;
  let end: string | undefined;
  const driver = startSparkProcess(
    {
      ...warehouse,
      ...installation,
      mainClass: 'local.databricks.WarehouseDriver',
      settings: { ...settings, 'local.databricks.tables': warehouse.tablesRoot },
      environment: pythonEnvironment(compiled),
    },
    (line) => {
      const reply = readReply(line);
      if (reply) return take(running, reply);
      if (line === 'ready') return resolve();
      driver.log(line);
    },
  );
  const send = (line: object): void => driver.send(JSON.stringify(line));
  const awaitEnd = async (): Promise<void> => {
    const how = await driver.ended;
    end = how;
    reject(new Error(`The engine of the warehouse ended before it was ready: ${how}`));
    for (const statement of running.values()) statement.resolve(lostWith(how));
    running.clear();
  };
  // Nobody may wait for an engine that is stopped while it starts.
  ready.catch(() => undefined);
  return {
    ready,
    ended: awaitEnd(),
    execute({ text, ...rest }) {
      if (end !== undefined) return { outcome: Promise.resolve(lostWith(end)), cancel: () => undefined };
      const id = String(++lastId);
      const outcome = new Promise<SqlOutcome>((settle) => {
        running.set(id, { result: { columns: [], rows: [] }, resolve: settle });
      });
      send({ id, statement: text, ...rest });
      return { outcome, cancel: () => send({ cancel: id }) };
    },
    closeSession: (session) => send({ closeSession: session }),
    stop: () => driver.stop(),
  };
}

/** Undefined for a line that is no answer: what else is in the process, Java itself above all, may print too. */
function readReply(line: string): ReplyLine | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as ReplyLine;
  } catch {
    return undefined;
  }
}

function take(running: Map<string, Running>, line: ReplyLine): void {
  const statement = running.get(line.id);
  if (!statement) return;
  const { result } = statement;
  if (line.columns) result.columns = line.columns;
  for (const row of line.rows ?? []) result.rows.push(row);
  if (line.end === undefined) return;
  running.delete(line.id);
  statement.resolve(outcomeOf(line, result));
}

function outcomeOf({ end, errorClass = '', sqlState = '', message = '' }: ReplyLine, result: SqlResult): SqlOutcome {
  if (end === 'done') return result;
  return end === 'canceled' ? { canceled: true } : { errorClass, sqlState, message };
}

const lostWith = (how: string): SqlOutcome => ({
  errorClass: '',
  sqlState: '08S01',
  message: `The engine of the warehouse ended with ${how}`,
});
