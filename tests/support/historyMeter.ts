import type { HistoryEvent } from '../../local/host/durable/protocol.ts';
import type { World } from './world.ts';

/** A row of an orchestration's history. */
export interface Row {
  instance: string;
  /** Which generation it is of: 1 for the first, one more after each continue-as-new and each new start. */
  generation: number;
  atMs: number;
  event: HistoryEvent;
}

/** Writes down the history of every orchestration of a world, and how large what it shows is, each time that it looks. */
export interface HistoryMeter {
  /** Looks at every moment at which the world stands still, so that no generation passes by unseen. */
  look(): Promise<void>;
  rows: Row[];
  /** The largest custom status, in bytes of UTF-16 as the backend counts. */
  statusBytes: number;
}

interface Known {
  execution: string;
  generation: number;
  rows: number;
  isOver: boolean;
}

interface Listed {
  instanceId: string;
  runtimeStatus: string;
  customStatus: unknown;
}

/** Measures the orchestrations that `concerns` picks out by their ids; all when left out. */
export function historyMeter(world: World, concerns: (instance: string) => boolean = () => true): HistoryMeter {
  const known = new Map<string, Known>();
  const meter: HistoryMeter = { look, rows: [], statusBytes: 0 };
  return meter;

  async function look(): Promise<void> {
    const path = `/runtime/webhooks/durabletask/instances?code=${world.host.keys.durable}`;
    const listed = (await (await world.call(path, { key: '' })).json()) as Listed[];
    for (const { instanceId, runtimeStatus, customStatus } of listed.filter((one) => concerns(one.instanceId))) {
      const isOver = /^(?:Completed|Failed|Terminated)$/.test(runtimeStatus);
      if (isOver && known.get(instanceId)?.isOver) continue;
      meter.statusBytes = Math.max(meter.statusBytes, 2 * JSON.stringify(customStatus ?? null).length);
      take(instanceId, isOver);
    }
  }

  function take(instance: string, isOver: boolean): void {
    const history = world.host.history(instance);
    const execution = history.find(({ EventType }) => EventType === executionStarted)?.OrchestrationInstance;
    const id = execution?.ExecutionId ?? '';
    const before = known.get(instance) ?? { execution: '', generation: 0, rows: 0, isOver };
    const now = id === before.execution ? before : { execution: id, generation: before.generation + 1, rows: 0 };
    for (const event of history.slice(now.rows))
      meter.rows.push({ instance, generation: now.generation, atMs: Date.parse(event.Timestamp), event });
    known.set(instance, { ...now, rows: history.length, isOver });
  }
}

const executionStarted = 0;
const taskScheduled = 4;
const orchestratorStarted = 12;

/** Function executions that the rows tell of: each replay of an orchestrator, and each activity. */
export const executionsIn = (rows: Row[]): number =>
  rows.filter(({ event }) => event.EventType === orchestratorStarted || event.EventType === taskScheduled).length;

/** The most rows that any one generation has. */
export function longestGeneration(rows: Row[]): number {
  const lengths = new Map<string, number>();
  for (const { instance, generation } of rows) {
    const key = `${instance} ${generation}`;
    lengths.set(key, (lengths.get(key) ?? 0) + 1);
  }
  return Math.max(...lengths.values());
}

/** Bytes of the largest input or result in the rows. */
export const largestPayload = (rows: Row[]): number =>
  Math.max(...rows.map(({ event }) => Buffer.byteLength(event.Input ?? event.Result ?? '')));
