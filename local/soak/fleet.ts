import type { StatusResource } from '../../domain/status.ts';
import type { Cloud } from '../cloud/startCloud.ts';
import { type HostProcess, Refused } from './hostProcess.ts';
import { type Inventory, inventoryOf, oneOfEach } from './inventory.ts';

interface Deployment {
  workspaceName: string;
  /** Known once a start has been answered; from then on the deployment may not be lost. */
  id?: string;
  end?: StatusResource;
  /** It will not end, and why has been told. */
  lost?: true;
}

/** What may not be, in sentences, by kind. */
export interface Violations {
  /** Starts that were accepted, and of which the app knows nothing any more. */
  lost: string[];
  /** Deployments that left something twice. */
  doubled: string[];
  /** Other ends than success at the first attempt, with one of everything. */
  other: string[];
}

/** Deployments of which so many are in flight at all times, and what has become of each. */
export class Fleet {
  readonly violations: Violations = { lost: [], doubled: [], other: [] };
  /** How many of those that have ended were held against what they left. */
  checked = 0;
  readonly #size: number;
  readonly #all: Deployment[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  /** Starts that the app has answered. */
  get accepted(): number {
    return this.#all.filter(({ id }) => id !== undefined).length;
  }

  get finished(): number {
    return this.#all.filter(({ end }) => end).length;
  }

  get inFlight(): number {
    return this.#active.length;
  }

  /** One look at each deployment in flight. A start that was not answered is sent again, and may have happened. */
  async look(host: HostProcess): Promise<void> {
    await Promise.all(this.#active.map((one) => this.#lookAt(one, host)));
  }

  /** Starts as many as are missing. */
  async fill(host: HostProcess): Promise<void> {
    const missing = this.#size - this.#active.length;
    const fresh = Array.from({ length: missing }, (_, i) => ({ workspaceName: `dbw-kill-${this.#all.length + i}` }));
    this.#all.push(...fresh);
    await Promise.all(fresh.map((one) => this.#lookAt(one, host)));
  }

  /** Tells those that are still in flight as violations: they had the time to end. */
  giveUp(): void {
    for (const { workspaceName } of this.#active) this.violations.other.push(`${workspaceName} does not end`);
  }

  /** Holds what the cloud has against what each deployment that has ended should have left. */
  async judge(cloud: Cloud, tell: () => void): Promise<void> {
    for (const { workspaceName, end } of this.#all) {
      if (!end) continue;
      const { state, attempt, failure } = end;
      if (state !== 'Succeeded' || attempt !== 1)
        this.violations.other.push(
          `${workspaceName} ended ${state} at attempt ${attempt}: ${JSON.stringify(failure ?? {})}`,
        );
      const found = await inventoryOf(cloud, workspaceName);
      const names = Object.keys(oneOfEach) as (keyof Inventory)[];
      const told = (wrong: typeof names): string =>
        `${workspaceName} has ${wrong.map((name) => `${found[name]} ${name}`).join(', ')}`;
      const [twice, missing] = [names.filter((name) => found[name] > 1), names.filter((name) => found[name] < 1)];
      if (twice.length > 0) this.violations.doubled.push(told(twice));
      if (missing.length > 0) this.violations.other.push(told(missing));
      this.checked++;
      tell();
    }
  }

  get #active(): Deployment[] {
    return this.#all.filter(({ end, lost }) => !end && !lost);
  }

  async #lookAt(one: Deployment, host: HostProcess): Promise<void> {
    const { id, workspaceName } = one;
    try {
      const status = await (id === undefined ? host.start(workspaceName) : host.read(id));
      if (!status) return;
      one.id = status.id;
      if (status.runtimeStatus !== 'Running' && status.runtimeStatus !== 'Pending') one.end = status;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      one.lost = true;
      const kind = id !== undefined && error.status === 404 ? 'lost' : 'other';
      this.violations[kind].push(`${workspaceName}: ${error.message}`);
    }
  }
}
