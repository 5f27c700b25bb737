import { type ApiRequest, Router } from '../kit/router.ts';
import type { Collection, Store } from '../kit/store.ts';
import { invalidParameter } from './apiError.ts';
import { type Fields, bodyOf, boundedInteger, optionalText, requiredText } from './requestFields.ts';

const kinds = [
  'storageNeverReady',
  'storageSlow',
  'notYetVisible',
  'cloneHalfMade',
  'clusterFails',
  'spotLost',
  'taskInternalError',
  'notOffered',
  'taskFails',
  'personCancels',
  'personRepairs',
  'personDeletes',
  'warehouseNeverStarts',
  'warehouseFailsToStart',
  'warehouseSlow',
  'statementFails',
  'permissionDenied',
] as const;

/** These last until they are cleared, unless told otherwise. */
const lasting = new Set<Scenario['kind']>([
  'storageNeverReady',
  'storageSlow',
  'notYetVisible',
  'notOffered',
  'warehouseNeverStarts',
  'permissionDenied',
]);
/** The name of an error, where the scenario names none. */
const usualCode: Partial<Record<Scenario['kind'], string>> = {
  spotLost: 'SPOT_INSTANCE_TERMINATION',
  taskFails: 'RuntimeError',
  statementFails: 'INTERNAL_ERROR',
};
/** What reads and lists may miss. */
const hideable = ['job', 'run', 'gitFolder'] as const;
type Hideable = (typeof hideable)[number];
/** What is said, where the scenario says nothing. */
const usualMessage: Partial<Record<Scenario['kind'], string>> = {
  spotLost: 'The spot instance of the driver was evicted.',
  taskInternalError: 'Failed to reach the driver',
};

/** Trouble of the platform that no fault in an HTTP reply can express; each is used up after `times` uses. */
export interface Scenario {
  id: string;
  kind: (typeof kinds)[number];
  /** Only for runs of this job, this task; any when left out. */
  jobName?: string;
  taskKey?: string;
  /** Only for statements about this table; any when left out. */
  table?: string;
  /** Uses left; -1 is without end. */
  times: number;
  /** `clusterFails`, `spotLost`, `warehouseFailsToStart`: termination code and type. `taskFails`: the exception's name. `statementFails`: the error class. `notOffered`: the runtime's key or the node type. */
  code: string;
  type: string;
  message: string;
  trace?: string;
  /** `spotLost`, `personCancels`, `personDeletes`: seconds after the task has started; `personRepairs`: after the run's end. */
  afterSeconds: number;
  /** `warehouseSlow`, `storageSlow`: seconds that it takes longer; `notYetVisible`: after the creation. */
  seconds: number;
  /** `notYetVisible`. */
  what?: Hideable;
  /** `statementFails`. */
  sqlState: string;
}

/** What a scenario may be about: a task of a run, or a statement's text with its parameters. */
interface ScenarioSubject {
  jobName?: string;
  taskKey?: string;
  statement?: string;
}

/** The scenarios set on one workspace; they survive a restart. */
export class Scenarios {
  readonly #scenarios: Collection<Scenario>;

  constructor(store: Store) {
    this.#scenarios = store.collection('scenarios');
  }

  add(fields: Fields): Scenario {
    const kind = requiredText(fields, 'kind') as Scenario['kind'];
    if (!kinds.includes(kind)) throw invalidParameter(`Unknown scenario ${kind}; there are ${kinds.join(', ')}.`);
    const jobName = optionalText(fields, 'jobName');
    const taskKey = optionalText(fields, 'taskKey');
    const trace = optionalText(fields, 'trace');
    const table = kind === 'permissionDenied' ? requiredText(fields, 'table') : optionalText(fields, 'table');
    const what = kind === 'notYetVisible' ? hideableNamed(requiredText(fields, 'what')) : undefined;
    const id = String(this.#scenarios.values().reduce((most, { id }) => Math.max(most, Number(id)), 0) + 1);
    const scenario: Scenario = {
      id,
      kind,
      ...(jobName !== undefined && { jobName }),
      ...(taskKey !== undefined && { taskKey }),
      ...(trace !== undefined && { trace }),
      ...(table !== undefined && { table }),
      ...(what !== undefined && { what }),
      times: boundedInteger(fields, 'times', { least: -1, most: 1e6, fallback: lasting.has(kind) ? -1 : 1 }),
      code: optionalText(fields, 'code') ?? usualCode[kind] ?? 'CLOUD_PROVIDER_RESOURCE_STOCKOUT',
      type: optionalText(fields, 'type') ?? 'CLOUD_FAILURE',
      message: optionalText(fields, 'message') ?? usualMessage[kind] ?? `Asked for by the scenario ${kind}.`,
      afterSeconds: boundedInteger(fields, 'afterSeconds', { least: 0, most: 1e6, fallback: 0 }),
      seconds: boundedInteger(fields, 'seconds', { least: 0, most: 1e6, fallback: 60 }),
      sqlState: optionalText(fields, 'sqlState') ?? 'XX000',
    };
    this.#scenarios.set(id, scenario);
    return scenario;
  }

  list(): Scenario[] {
    return this.#scenarios.values();
  }

  clear(): void {
    for (const { id } of this.#scenarios.values()) this.#scenarios.delete(id);
  }

  has(kind: Scenario['kind']): boolean {
    return this.#scenarios.values().some((scenario) => scenario.kind === kind && scenario.times !== 0);
  }

  /** Whether the runtime or node type is agreed not to be offered. */
  withholds(name: string): boolean {
    return this.#scenarios.values().some(({ kind, code }) => kind === 'notOffered' && code === name);
  }

  /** How much longer the storage of a new workspace takes. */
  storageDelaySeconds(): number {
    return this.#scenarios.values().find(({ kind }) => kind === 'storageSlow')?.seconds ?? 0;
  }

  /** Whether reads and lists are agreed to miss what was created then. */
  hides(thing: Hideable, createdMs: number, nowMs: number): boolean {
    return this.#scenarios
      .values()
      .some(
        ({ kind, what, seconds }) => kind === 'notYetVisible' && what === thing && nowMs < createdMs + seconds * 1000,
      );
  }

  /** The first scenario of the kind that fits; asking uses it up by one. */
  take(kind: Scenario['kind'], subject: ScenarioSubject = {}): Scenario | undefined {
    const found = this.#scenarios
      .values()
      .find(
        (scenario) =>
          scenario.kind === kind &&
          scenario.times !== 0 &&
          (scenario.jobName ?? subject.jobName) === subject.jobName &&
          (scenario.taskKey ?? subject.taskKey) === subject.taskKey &&
          mentions(subject.statement ?? '', scenario.table ?? ''),
      );
    if (found && found.times > 0) this.#scenarios.set(found.id, { ...found, times: found.times - 1 });
    return found;
  }
}

function hideableNamed(name: string): Hideable {
  const found = hideable.find((one) => one === name);
  if (!found) throw invalidParameter(`Nothing hides ${name}; there are ${hideable.join(', ')}.`);
  return found;
}

const mentions = (statement: string, table: string): boolean =>
  statement.replaceAll('`', '').toLowerCase().includes(table.replaceAll('`', '').toLowerCase());

/** `POST`, `GET`, `DELETE /__scenarios`. */
export function scenarioRoutes(scenarios: Scenarios): Router {
  return new Router()
    .on('POST', '/__scenarios', (request: ApiRequest) => ({ status: 201, body: scenarios.add(bodyOf(request)) }))
    .on('GET', '/__scenarios', () => ({ body: scenarios.list() }))
    .on('DELETE', '/__scenarios', () => {
      scenarios.clear();
      return { status: 204 };
    });
}
