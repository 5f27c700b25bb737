import { randomUUID } from 'node:crypto';
import type { Workspace } from '../../workspace.ts';
import type { SqlResult } from '../../compute.ts';
import type { Statements } from '../statements.ts';
import type { Warehouses } from '../warehouses.ts';

/** A driver's session with a warehouse. */
export interface ThriftSession {
  id: string;
  warehouseId: string;
  /** Application id of who opened it. */
  caller: string;
  catalog?: string;
  schema?: string;
  usedMs: number;
}

/** Something that was asked for in a session: a statement, and how far its rows were fetched. */
export interface ThriftOperation {
  /** The statement's id too. */
  id: string;
  sessionId: string;
  type: number;
  /** The next row to fetch. */
  position: number;
  timedOut?: boolean;
  /** Gives a statement's result the columns that the operation promises. */
  shape: (result: SqlResult) => SqlResult;
}

const sessionsMost = 500;
const operationsMost = 2000;
const idleMs = 8 * 3_600_000;

/** The sessions and operations of one workspace's drivers; they end with the process. */
export class ThriftSessions {
  readonly #workspace: Workspace;
  readonly #warehouses: Warehouses;
  readonly #statements: Statements;
  readonly #sessions = new Map<string, ThriftSession>();
  readonly #operations = new Map<string, ThriftOperation>();

  constructor(workspace: Workspace, warehouses: Warehouses, statements: Statements) {
    this.#workspace = workspace;
    this.#warehouses = warehouses;
    this.#statements = statements;
  }

  open(wanted: Omit<ThriftSession, 'id' | 'usedMs'>): ThriftSession {
    const usedMs = this.#workspace.clock.now();
    const session = { ...wanted, id: randomUUID(), usedMs };
    this.#sessions.set(session.id, session);
    const byUse = [...this.#sessions.values()].toSorted((a, b) => a.usedMs - b.usedMs);
    for (const [i, old] of byUse.entries()) {
      if (byUse.length - i > sessionsMost || usedMs - old.usedMs > idleMs) this.close(old);
    }
    return session;
  }

  /** The caller's session, which counts as used now. */
  find(id: string, warehouseId: string, caller: string): ThriftSession | undefined {
    const session = this.#sessions.get(id);
    if (session?.warehouseId !== warehouseId || session.caller !== caller) return undefined;
    session.usedMs = this.#workspace.clock.now();
    return session;
  }

  /** Ends a session with its operations. */
  close(session: ThriftSession): void {
    this.#sessions.delete(session.id);
    for (const operation of this.#operations.values()) {
      if (operation.sessionId === session.id) this.closeOperation(operation);
    }
    this.#warehouses.closeSession(session.warehouseId, session.id);
  }

  countIn(warehouseId: string): number {
    return [...this.#sessions.values()].filter((session) => session.warehouseId === warehouseId).length;
  }

  addOperation(operation: ThriftOperation): void {
    this.#operations.set(operation.id, operation);
    const old = [...this.#operations.values()].slice(0, -operationsMost);
    for (const one of old) this.closeOperation(one);
  }

  /** An operation of one of the caller's sessions. */
  findOperation(id: string, warehouseId: string, caller: string): ThriftOperation | undefined {
    const operation = this.#operations.get(id);
    return operation && this.find(operation.sessionId, warehouseId, caller) && operation;
  }

  /** Ends an operation: its statement stops, its rows are let go. */
  closeOperation({ id }: ThriftOperation): void {
    this.#operations.delete(id);
    this.#statements.cancel(id);
    this.#statements.release(id);
  }
}
