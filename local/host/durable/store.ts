import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SQLOutputValue, StatementSync } from 'node:sqlite';
import { DatabaseSync } from 'node:sqlite';
import { HostError } from '../hostError.ts';
import type { HistoryEvent, ParentInstance, RuntimeStatus } from './protocol.ts';

export interface Instance {
  id: string;
  name: string;
  version: string | null;
  executionId: string;
  status: RuntimeStatus;
  /** Input, output and custom status are JSON texts. */
  input: string | null;
  output: string | null;
  customStatus: string | null;
  createdMs: number;
  updatedMs: number;
  parent: ParentInstance | null;
}

export interface Message {
  id: number;
  instanceId: string;
  /** The execution that it is meant for; null for any. */
  executionId: string | null;
  dueMs: number;
  /** Null for the word to go on with a new generation. */
  event: HistoryEvent | null;
}

export interface ActivityItem {
  id: number;
  instanceId: string;
  executionId: string;
  taskId: number;
  name: string;
  /** JSON text; null where the orchestrator gave none. */
  input: string | null;
}

const schema = `
  CREATE TABLE IF NOT EXISTS instances (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, version TEXT, execution TEXT NOT NULL, status TEXT NOT NULL,
    input TEXT, output TEXT, custom_status TEXT, created REAL NOT NULL, updated REAL NOT NULL, parent TEXT
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS history (
    instance TEXT NOT NULL, seq INTEGER NOT NULL, event TEXT NOT NULL, PRIMARY KEY (instance, seq)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, instance TEXT NOT NULL, execution TEXT, due REAL NOT NULL, event TEXT
  );
  CREATE INDEX IF NOT EXISTS inbox_by_instance ON inbox (instance, due, id);
  CREATE TABLE IF NOT EXISTS activities (
    id INTEGER PRIMARY KEY AUTOINCREMENT, instance TEXT NOT NULL, execution TEXT NOT NULL, task INTEGER NOT NULL,
    name TEXT NOT NULL, input TEXT, UNIQUE (instance, execution, task)
  );
  CREATE TABLE IF NOT EXISTS timers (name TEXT PRIMARY KEY, status TEXT NOT NULL) WITHOUT ROWID;`;

type Row = Record<string, SQLOutputValue>;

/** The durable state of one task hub in SQLite. Every method is synchronous; writers wrap theirs in `transaction`. */
export class Store {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #abandoned = false;
  /** Called just before and just after each transaction is committed, for those who end the host there. */
  onCommit?: (when: 'before' | 'after') => void;
  /** Rows of history that were written since the store was opened. */
  historyRows = 0;

  /** Opens or creates the database; throws a HostError when another host has it open. */
  constructor(file: string | DatabaseSync) {
    if (typeof file !== 'string') {
      this.#db = file;
      return;
    }
    if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
    this.#db = new DatabaseSync(file);
    try {
      // The lock is taken by the first write and kept until the process ends, also by SIGKILL.
      this.#db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
      this.#db.exec(`BEGIN IMMEDIATE; ${schema} COMMIT;`);
    } catch (error) {
      this.#db.close();
      if (!/locked|busy/i.test((error as Error).message)) throw error;
      throw new HostError(
        `${file} is in use by another host: stop that one, or give this one a data folder of its own.`,
      );
    }
  }

  close(): void {
    this.#db.close();
  }

  /** The whole database as bytes, from which `restored` makes another one in memory. */
  serialize(): Uint8Array {
    return this.#db.serialize();
  }

  static restored(bytes: Uint8Array): Store {
    const db = new DatabaseSync(':memory:');
    db.deserialize(bytes);
    return new Store(db);
  }

  /** Gives the same database to a next host; this store writes nothing any more, also not what it is about to commit. */
  abandon(): Store {
    this.#abandoned = true;
    return new Store(this.#db);
  }

  transaction<Result>(work: () => Result): Result {
    if (this.#abandoned) throw new Error('The host of this store has crashed.');
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.onCommit?.('before');
      // The host has crashed meanwhile: what it does with the result has no effect.
      this.#db.exec(this.#abandoned ? 'ROLLBACK' : 'COMMIT');
      if (!this.#abandoned) this.onCommit?.('after');
      return result;
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  instance(id: string): Instance | undefined {
    const row = this.#statement('SELECT * FROM instances WHERE id = ?').get(id);
    return row && toInstance(row);
  }

  /** How an instance stands, without its texts, which may be long. */
  standing(id: string): Pick<Instance, 'status' | 'executionId'> | undefined {
    const row = this.#statement('SELECT status, execution FROM instances WHERE id = ?').get(id);
    return row && { status: String(row['status']) as RuntimeStatus, executionId: String(row['execution']) };
  }

  /** All instances in the order of their ids. */
  instances(): Instance[] {
    return this.#statement('SELECT * FROM instances ORDER BY id').all().map(toInstance);
  }

  putInstance(instance: Instance): void {
    this.#statement('INSERT OR REPLACE INTO instances VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
      instance.id,
      instance.name,
      instance.version,
      instance.executionId,
      instance.status,
      instance.input,
      instance.output,
      instance.customStatus,
      instance.createdMs,
      instance.updatedMs,
      instance.parent && JSON.stringify(instance.parent),
    );
  }

  /** Deletes the messages and activities that wait for an instance. */
  clearWork(id: string): void {
    for (const table of ['inbox', 'activities']) this.#statement(`DELETE FROM ${table} WHERE instance = ?`).run(id);
  }

  /** Deletes an instance and all that belongs to it. */
  deleteInstance(id: string): void {
    this.clearWork(id);
    this.clearHistory(id);
    this.#statement('DELETE FROM instances WHERE id = ?').run(id);
  }

  /** The events of the current generation as JSON texts, in order. */
  history(id: string): string[] {
    const rows = this.#statement('SELECT event FROM history WHERE instance = ? ORDER BY seq').all(id);
    return rows.map((row) => String(row['event']));
  }

  appendHistory(id: string, firstSeq: number, events: readonly string[]): void {
    const insert = this.#statement('INSERT INTO history VALUES (?, ?, ?)');
    for (const [index, event] of events.entries()) insert.run(id, firstSeq + index, event);
    this.historyRows += events.length;
  }

  clearHistory(id: string): void {
    this.#statement('DELETE FROM history WHERE instance = ?').run(id);
  }

  addMessage(message: Omit<Message, 'id'>): number {
    const { instanceId, executionId, dueMs, event } = message;
    const result = this.#statement('INSERT INTO inbox (instance, execution, due, event) VALUES (?, ?, ?, ?)').run(
      instanceId,
      executionId,
      dueMs,
      event && JSON.stringify(event),
    );
    return Number(result.lastInsertRowid);
  }

  /** Messages of an instance that are due, in the order of their times. */
  dueMessages(instanceId: string, nowMs: number): Message[] {
    return this.#statement('SELECT * FROM inbox WHERE instance = ? AND due <= ? ORDER BY due, id')
      .all(instanceId, nowMs)
      .map(toMessage);
  }

  deleteMessage(id: number): void {
    this.#statement('DELETE FROM inbox WHERE id = ?').run(id);
  }

  /** Who waits for which message until when: all that a restart needs to know about the inbox. */
  waitingMessages(): { id: number; instanceId: string; dueMs: number }[] {
    return this.#statement('SELECT id, instance, due FROM inbox')
      .all()
      .map((row) => ({ id: Number(row['id']), instanceId: String(row['instance']), dueMs: Number(row['due']) }));
  }

  addActivity(item: Omit<ActivityItem, 'id'>): number {
    const result = this.#statement(
      'INSERT INTO activities (instance, execution, task, name, input) VALUES (?, ?, ?, ?, ?)',
    ).run(item.instanceId, item.executionId, item.taskId, item.name, item.input);
    return Number(result.lastInsertRowid);
  }

  activities(): ActivityItem[] {
    return this.#statement('SELECT * FROM activities ORDER BY id').all().map(toActivity);
  }

  /** Whether it was still there: only the first completion of an activity counts. */
  deleteActivity(id: number): boolean {
    return this.#statement('DELETE FROM activities WHERE id = ?').run(id).changes === 1;
  }

  /** What was kept of a timer trigger, as JSON. */
  timerStatus(name: string): string | undefined {
    const row = this.#statement('SELECT status FROM timers WHERE name = ?').get(name);
    return row && String(row['status']);
  }

  putTimerStatus(name: string, status: string): void {
    if (this.#abandoned) return;
    this.#statement('INSERT OR REPLACE INTO timers VALUES (?, ?)').run(name, status);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function toInstance(row: Row): Instance {
  return {
    id: String(row['id']),
    name: String(row['name']),
    version: text(row['version']),
    executionId: String(row['execution']),
    status: String(row['status']) as RuntimeStatus,
    input: text(row['input']),
    output: text(row['output']),
    customStatus: text(row['custom_status']),
    createdMs: Number(row['created']),
    updatedMs: Number(row['updated']),
    parent: row['parent'] === null ? null : (JSON.parse(String(row['parent'])) as ParentInstance),
  };
}

function toMessage(row: Row): Message {
  return {
    id: Number(row['id']),
    instanceId: String(row['instance']),
    executionId: text(row['execution']),
    dueMs: Number(row['due']),
    event: row['event'] === null ? null : (JSON.parse(String(row['event'])) as HistoryEvent),
  };
}

function toActivity(row: Row): ActivityItem {
  return {
    id: Number(row['id']),
    instanceId: String(row['instance']),
    executionId: String(row['execution']),
    taskId: Number(row['task']),
    name: String(row['name']),
    input: text(row['input']),
  };
}

function text(value: SQLOutputValue | undefined): string | null {
  return value === null || value === undefined ? null : String(value);
}
