import { randomUUID } from 'node:crypto';
import type { Collection } from '../../kit/store.ts';
import { ApiError } from '../apiError.ts';
import type { SqlFailure, SqlOutcome, SqlResult, SqlStatement, StartedWarehouse } from '../compute.ts';
import type { Workspace } from '../workspace.ts';
import { type Statement, isOver } from './statement.ts';
import type { Warehouses } from './warehouses.ts';

/** Statements of one warehouse that are not over; the documented length of Databricks' queue. */
const queueLength = 1000;
/** "The results are only available for one hour after success" (Statement Execution API). */
const resultKeptMs = 3_600_000;
const resultsKept = 100;
/** Of all results that are kept: about as many bytes as they have characters. */
const charactersKept = 256 * 2 ** 20;
const remembered = 200;
/** Of a text that may have 16 MiB; it is for people. */
const textRemembered = 10_000;

/** A statement of this process: with its rows while they are kept. */
interface Live {
  statement: Statement;
  result?: SqlResult;
  /** Of the result. */
  characters?: number;
  ended: PromiseWithResolvers<void>;
  cancel(): void;
  leave(): void;
}

/** The statements that the workspace's warehouses are given, over whichever interface they come. */
export class Statements {
  readonly #workspace: Workspace;
  readonly #warehouses: Warehouses;
  readonly #statements: Collection<Statement>;
  readonly #live = new Map<string, Live>();
  #closed = false;

  constructor(workspace: Workspace, warehouses: Warehouses) {
    this.#workspace = workspace;
    this.#warehouses = warehouses;
    this.#statements = workspace.store.collection('statements');
  }

  get(id: string): Statement | undefined {
    return this.#statements.get(id);
  }

  /** The newest first. */
  ofWarehouse(warehouseId: string): Statement[] {
    return this.#statements
      .values()
      .filter((statement) => statement.warehouseId === warehouseId)
      .toReversed();
  }

  /** The rows of a statement that has succeeded, while they are kept. */
  resultOf(id: string): SqlResult | undefined {
    return this.#live.get(id)?.result;
  }

  /** Executes a statement as soon as its warehouse runs; 404 when there is no such warehouse, 429 when it has too many. */
  submit(warehouseId: string, sql: SqlStatement, caller: string): Statement {
    this.#warehouses.require(warehouseId);
    if (this.#warehouses.guestCount(warehouseId) >= queueLength) {
      throw new ApiError(429, 'RESOURCE_EXHAUSTED', `The queue of the SQL warehouse ${warehouseId} is full.`);
    }
    const id = randomUUID();
    const createdMs = this.#workspace.clock.now();
    const text = sql.text.slice(0, textRemembered);
    const statement: Statement = { id, warehouseId, text, caller, state: 'PENDING', createdMs };
    const nothing = (): void => undefined;
    const live: Live = { statement, ended: Promise.withResolvers(), cancel: nothing, leave: nothing };
    live.cancel = () => this.#end(live, { canceled: true });
    const leave = this.#warehouses.use(
      warehouseId,
      (engine) => void this.#execute(live, sql, engine),
      (reason) => this.#end(live, { errorClass: '', sqlState: '08S01', message: reason }),
    );
    // It may have ended meanwhile.
    if (isOver(live.statement)) leave();
    else live.leave = leave;
    this.#live.set(id, live);
    this.#save(live, live.statement);
    this.#forgetOldest();
    return live.statement;
  }

  /** Settles when the statement is over, in the workspace's time after so many seconds at the latest. */
  endedWithin(id: string, seconds: number): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const stop = this.#workspace.at(this.#workspace.clock.now() + seconds * 1000, resolve);
    return Promise.race([this.ended(id), late]).finally(stop);
  }

  /** Settles when the statement is over; at once when it is not of this process. */
  ended(id: string): Promise<void> {
    return this.#live.get(id)?.ended.promise ?? Promise.resolve();
  }

  /** Asks a statement to end; it does so a little later. */
  cancel(id: string): void {
    const live = this.#live.get(id);
    if (live && !isOver(live.statement)) live.cancel();
  }

  /** Lets go of a statement's rows. */
  release(id: string): void {
    const live = this.#live.get(id);
    if (!live || !isOver(live.statement) || this.#closed) return;
    this.#live.delete(id);
    if (live.statement.state === 'SUCCEEDED') this.#save(live, { ...live.statement, state: 'CLOSED' });
  }

  /** Ends what an earlier process has left. */
  resume(): void {
    const failure = { errorClass: '', sqlState: '08S01', message: 'The emulator was restarted.' };
    for (const statement of this.#statements.values()) {
      if (statement.state === 'SUCCEEDED') this.#statements.set(statement.id, { ...statement, state: 'CLOSED' });
      else if (!isOver(statement)) this.#statements.set(statement.id, { ...statement, state: 'FAILED', failure });
    }
  }

  close(): void {
    this.#closed = true;
  }

  async #execute(live: Live, sql: SqlStatement, engine: StartedWarehouse): Promise<void> {
    if (isOver(live.statement)) return;
    const refusal = this.#refusal(sql);
    if (refusal) return this.#end(live, refusal);
    this.#save(live, { ...live.statement, state: 'RUNNING' });
    const started = engine.execute(sql);
    live.cancel = () => started.cancel();
    this.#end(live, await started.outcome);
  }

  #refusal(sql: SqlStatement): SqlFailure | undefined {
    const statement = [sql.text, ...sql.parameters.map(({ value }) => value ?? '')].join('\n');
    const denied = this.#workspace.scenarios.take('permissionDenied', { statement });
    if (denied) {
      // Wording: open-metadata/OpenMetadata #23728.
      const message = `Insufficient privileges:\nUser does not have SELECT on Table '${denied.table ?? ''}'.`;
      return failure('INSUFFICIENT_PERMISSIONS', '42501', message);
    }
    const trouble = this.#workspace.scenarios.take('statementFails', { statement });
    return trouble && failure(trouble.code, trouble.sqlState, trouble.message);
  }

  #end(live: Live, outcome: SqlOutcome): void {
    if (isOver(live.statement) || this.#closed) return;
    const endedMs = this.#workspace.clock.now();
    if ('rows' in outcome) {
      live.result = outcome;
      live.characters = charactersIn(outcome);
      this.#save(live, { ...live.statement, state: 'SUCCEEDED', endedMs, rowCount: outcome.rows.length });
      this.#workspace.at(endedMs + resultKeptMs, () => this.release(live.statement.id));
    } else if ('canceled' in outcome) {
      this.#save(live, { ...live.statement, state: 'CANCELED', endedMs });
    } else {
      this.#save(live, { ...live.statement, state: 'FAILED', endedMs, failure: withSqlState(outcome) });
    }
    live.leave();
    live.ended.resolve();
    // The one that has ended last is let go of last.
    if (this.#live.delete(live.statement.id)) this.#live.set(live.statement.id, live);
    this.#forgetOldest();
  }

  #save(live: Live, statement: Statement): void {
    live.statement = statement;
    this.#statements.set(statement.id, statement);
  }

  #forgetOldest(): void {
    const newestFirst = [...this.#live.values()].filter(({ statement }) => isOver(statement)).toReversed();
    let characters = 0;
    for (const [i, { statement, characters: own = 0 }] of newestFirst.entries()) {
      characters += own;
      if (i >= resultsKept || (i > 0 && characters > charactersKept)) this.release(statement.id);
    }
    const all = this.#statements.values();
    for (const old of all.slice(0, -remembered)) if (isOver(old)) this.#statements.delete(old.id);
  }
}

const charactersIn = ({ rows }: SqlResult): number =>
  rows.reduce((sum, row) => row.reduce<number>((own, value) => own + String(value).length, sum), 0);

const failure = (errorClass: string, sqlState: string, message: string): SqlFailure => ({
  errorClass,
  sqlState,
  message: `[${errorClass}] ${message}`,
});

// Databricks ends messages with the state, which Spark does only from version 4 on.
function withSqlState({ message, ...rest }: SqlFailure): SqlFailure {
  const known = rest.sqlState === '' || message.includes('SQLSTATE');
  return { ...rest, message: known ? message : `${message} SQLSTATE: ${rest.sqlState}` };
}
