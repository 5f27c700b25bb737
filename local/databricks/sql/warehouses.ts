import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Collection } from '../../kit/store.ts';
import { doesNotExist, invalidParameter, invalidState } from '../apiError.ts';
import type { StartedWarehouse } from '../compute.ts';
import { removeFolder } from '../removeFolder.ts';
import type { Workspace } from '../workspace.ts';
import type { Warehouse, WarehouseFailure } from './warehouse.ts';
import type { WarehouseSettings } from './warehouseSettings.ts';

const shutdownMs = 1000;
const lookAgainMs = 5000;

interface Engine {
  started: StartedWarehouse;
  ready: boolean;
}

/** Somebody who uses a warehouse, or waits until it runs. */
interface Guest {
  warehouseId: string;
  served: boolean;
  run(engine: StartedWarehouse): void;
  fail(reason: string): void;
}

/** The SQL warehouses of a workspace: they start, stop when idle, and are started again by the next statement. */
export class Warehouses {
  readonly #workspace: Workspace;
  readonly #warehouses: Collection<Warehouse>;
  readonly #engines = new Map<string, Engine>();
  readonly #idleTimers = new Map<string, () => void>();
  readonly #guests = new Set<Guest>();
  readonly #lookedAgain = new Set<string>();
  readonly #stopping = new Set<Promise<void>>();
  #closed = false;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
    this.#warehouses = workspace.store.collection('warehouses');
  }

  all(): Warehouse[] {
    return this.#warehouses.values();
  }

  /** The warehouse; 404 when there is none. */
  require(id: string): Warehouse {
    const warehouse = this.#warehouses.get(id);
    if (!warehouse) throw doesNotExist(`The SQL warehouse ${id} does not exist.`);
    return warehouse;
  }

  /** Makes a warehouse and starts it, as the API does. */
  create(settings: WarehouseSettings, creator: string): Warehouse {
    this.#requireFreeName(settings.name);
    const now = this.#workspace.clock.now();
    const id = randomBytes(8).toString('hex');
    const made: Warehouse = { id, settings, creator, state: 'STOPPED', dueMs: now, idleSinceMs: now };
    return this.#begin(made);
  }

  edit(warehouse: Warehouse, settings: WarehouseSettings): void {
    this.#requireFreeName(settings.name, warehouse.id);
    this.#armIdle(this.#save({ ...warehouse, settings }));
  }

  /** Starts a warehouse that does not run or start already. */
  start(warehouse: Warehouse): void {
    if (warehouse.state === 'DELETING') throw invalidState(`The SQL warehouse ${warehouse.id} is being deleted.`);
    if (warehouse.state === 'STOPPED' || warehouse.state === 'STOPPING') this.#begin(warehouse);
  }

  /** Stops a warehouse; the statements that it executes end. */
  stop(warehouse: Warehouse): void {
    if (warehouse.state === 'STARTING' || warehouse.state === 'RUNNING') this.#windDown(warehouse, 'STOPPING');
  }

  delete(warehouse: Warehouse): void {
    if (warehouse.state !== 'DELETING') this.#windDown(warehouse, 'DELETING');
  }

  /**
   * Uses a warehouse, which is started when it is stopped: `run` is called once when it runs, `fail` when it does not start
   * or stops meanwhile. The warehouse counts as busy until the function returned is called.
   */
  use(id: string, run: Guest['run'], fail: Guest['fail']): () => void {
    const warehouse = this.require(id);
    this.start(warehouse);
    const guest = { warehouseId: id, served: false, run, fail };
    this.#guests.add(guest);
    // After a restart of the emulator a running warehouse has no engine until it is used.
    if (warehouse.state === 'RUNNING' && !this.#engines.has(id)) this.#startEngine(warehouse);
    this.#serve(this.require(id));
    return () => this.#leave(guest);
  }

  /** The statements that use a warehouse or wait for it. */
  guestCount(id: string): number {
    return this.#guestsOf(id).length;
  }

  /** Forgets a session in a warehouse that runs. */
  closeSession(id: string, session: string): void {
    this.#engines.get(id)?.started.closeSession(session);
  }

  /** Takes up the warehouses of an earlier process. */
  resume(): void {
    for (const warehouse of this.all()) {
      if (warehouse.state === 'STARTING') this.#begin(warehouse);
      else if (warehouse.state === 'RUNNING') this.#armIdle(warehouse);
      else if (warehouse.state !== 'STOPPED') this.#armEnd(warehouse);
    }
  }

  /** Ends all engines without recording it; settles when nothing of them is left. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { started } of this.#engines.values()) this.#stopping.add(started.stop());
    await Promise.all(this.#stopping);
  }

  #requireFreeName(name: string, except?: string): void {
    // Wording: databrickslabs/ucx #432, databricks-demos/dbdemos #12.
    if (this.all().some(({ id, settings }) => settings.name === name && id !== except)) {
      throw invalidParameter(`SQL warehouse with name \`${name}\` already exists`);
    }
  }

  #save(warehouse: Warehouse): Warehouse {
    this.#warehouses.set(warehouse.id, warehouse);
    return warehouse;
  }

  #begin({ failure: _earlier, ...warehouse }: Warehouse): Warehouse {
    const { clock, latencies, scenarios } = this.#workspace;
    const slow = scenarios.take('warehouseSlow')?.seconds ?? 0;
    const trouble = scenarios.take('warehouseFailsToStart');
    const dueMs = clock.now() + (latencies.warehouseSeconds + slow) * 1000;
    if (!trouble) this.#startEngine(warehouse);
    const starting = this.#save({ ...warehouse, state: 'STARTING', dueMs });
    this.#workspace.at(dueMs, () => {
      const current = this.#warehouses.get(warehouse.id);
      if (current?.state !== 'STARTING' || current.dueMs !== dueMs) return;
      if (trouble) this.#fail(current, trouble);
      else this.#serve(current);
    });
    return starting;
  }

  #startEngine({ id }: Warehouse): void {
    // What is asked for while the emulator closes starts with its next process.
    if (this.#closed) return;
    const folder = this.#folderOf(id);
    // The log of its last engine, which may have been looked at until now.
    removeFolder(folder);
    mkdirSync(folder, { recursive: true });
    const started = startedOrFailed(() =>
      this.#workspace.compute.startWarehouse({ warehouseId: id, folder, ...this.#workspace.lakehouse() }),
    );
    const engine = { started, ready: started.ready === undefined };
    this.#engines.set(id, engine);
    const current = (): Warehouse | undefined =>
      this.#engines.get(id) === engine && !this.#closed ? this.#warehouses.get(id) : undefined;
    const lost = (reason: string): void => {
      const warehouse = current();
      if (warehouse) this.#fail(warehouse, { code: 'SPARK_ERROR', type: 'SERVICE_FAULT', message: reason });
    };
    void this.#awaitReady(engine, lost, current);
    void started.ended?.then(() => lost('The engine of the warehouse has ended.'));
  }

  async #awaitReady(
    engine: Engine,
    lost: (reason: string) => void,
    current: () => Warehouse | undefined,
  ): Promise<void> {
    try {
      await engine.started.ready;
    } catch (error) {
      return lost(error instanceof Error ? error.message : String(error));
    }
    engine.ready = true;
    const warehouse = current();
    if (warehouse) this.#serve(warehouse);
  }

  // Goes over to RUNNING when time and engine allow it, then lets those who wait go on.
  #serve(warehouse: Warehouse): void {
    const engine = this.#engines.get(warehouse.id);
    const { clock, scenarios } = this.#workspace;
    if (warehouse.state === 'STARTING') {
      if (!engine?.ready || clock.now() < warehouse.dueMs) return;
      if (scenarios.has('warehouseNeverStarts')) {
        this.#lookAgainLater(warehouse.id);
        return;
      }
      this.#armIdle(this.#save({ ...warehouse, state: 'RUNNING', idleSinceMs: clock.now() }));
    }
    if (this.require(warehouse.id).state !== 'RUNNING' || !engine?.ready) return;
    for (const guest of this.#guestsOf(warehouse.id)) {
      if (guest.served) continue;
      guest.served = true;
      guest.run(engine.started);
    }
  }

  #lookAgainLater(id: string): void {
    if (this.#lookedAgain.has(id)) return;
    this.#lookedAgain.add(id);
    this.#workspace.at(this.#workspace.clock.now() + lookAgainMs, () => {
      this.#lookedAgain.delete(id);
      const warehouse = this.#warehouses.get(id);
      if (warehouse?.state === 'STARTING') this.#serve(warehouse);
    });
  }

  #fail(warehouse: Warehouse, { code, type, message }: WarehouseFailure): void {
    this.#endEngine(warehouse.id);
    this.#save({ ...warehouse, state: 'STOPPED', failure: { code, type, message } });
    for (const guest of this.#guestsOf(warehouse.id)) guest.fail(`${code}: ${message}`);
  }

  #windDown(warehouse: Warehouse, state: 'STOPPING' | 'DELETING'): void {
    this.#endEngine(warehouse.id);
    const dueMs = this.#workspace.clock.now() + shutdownMs;
    this.#armEnd(this.#save({ ...warehouse, state, dueMs }));
    for (const guest of this.#guestsOf(warehouse.id)) guest.fail('The SQL warehouse was stopped.');
  }

  #armEnd({ id, dueMs }: Warehouse): void {
    this.#workspace.at(dueMs, () => {
      const warehouse = this.#warehouses.get(id);
      if (warehouse?.state === 'STOPPING' && warehouse.dueMs === dueMs) this.#save({ ...warehouse, state: 'STOPPED' });
      if (warehouse?.state !== 'DELETING') return;
      this.#warehouses.delete(id);
      removeFolder(this.#folderOf(id));
    });
  }

  #endEngine(id: string): void {
    this.#idleTimers.get(id)?.();
    this.#idleTimers.delete(id);
    const engine = this.#engines.get(id);
    this.#engines.delete(id);
    if (!engine) return;
    const stopping = engine.started.stop().finally(() => this.#stopping.delete(stopping));
    this.#stopping.add(stopping);
  }

  #folderOf(id: string): string {
    return join(this.#workspace.folder, 'warehouses', id);
  }

  #armIdle({ id, settings, idleSinceMs }: Warehouse): void {
    this.#idleTimers.get(id)?.();
    if (settings.auto_stop_mins === 0) return;
    const stopAtMs = idleSinceMs + settings.auto_stop_mins * 60_000;
    const stopWhenIdle = (): void => {
      const warehouse = this.#warehouses.get(id);
      if (warehouse?.state === 'RUNNING' && this.guestCount(id) === 0) this.stop(warehouse);
    };
    this.#idleTimers.set(id, this.#workspace.at(stopAtMs, stopWhenIdle));
  }

  #leave(guest: Guest): void {
    this.#guests.delete(guest);
    const warehouse = this.#warehouses.get(guest.warehouseId);
    if (!warehouse || this.guestCount(guest.warehouseId) > 0 || this.#closed) return;
    this.#armIdle(this.#save({ ...warehouse, idleSinceMs: this.#workspace.clock.now() }));
  }

  #guestsOf(id: string): Guest[] {
    return [...this.#guests].filter(({ warehouseId }) => warehouseId === id);
  }
}

/** A compute without warehouses says so by throwing; the warehouse then fails to start for that reason. */
function startedOrFailed(start: () => StartedWarehouse): StartedWarehouse {
  try {
    return start();
  } catch (error) {
    const reason = error as Error;
    return {
      ready: Promise.reject(reason),
      closeSession: () => undefined,
      execute: () => ({ outcome: Promise.reject(reason), cancel: () => undefined }),
      stop: () => Promise.resolve(),
    };
  }
}
