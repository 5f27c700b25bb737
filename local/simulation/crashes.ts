import type { RequestPhase } from '../kit/server.ts';
import type { Simulation, SimulationOptions } from './simulation.ts';

/** A moment at which a host may crash, counted from when a scenario begins. */
export interface CrashPoint {
  /** `commit`: of the durable state; `call`: of a remote API. */
  at: 'commit' | 'call';
  number: number;
  when: 'before' | 'after' | RequestPhase;
  /** What is asked, for people. */
  what: string;
}

/** Counts the moments at which a host may crash, and crashes it at those that are wanted. */
export class Crashes {
  readonly points: CrashPoint[] = [];
  readonly #wanted: ReadonlySet<string>;
  readonly #counts = { commit: 0, call: 0 };
  #simulation: Simulation | undefined;

  constructor(wanted: readonly CrashPoint[] = []) {
    this.#wanted = new Set(wanted.map(nameOf));
  }

  /** The simulation's options with an eye on its servers. */
  watching(options: SimulationOptions): SimulationOptions {
    return {
      ...options,
      onServer: (server, name) => {
        options.onServer?.(server, name);
        // Tokens are kept by the process, so how often they are asked for depends on what ran before.
        if (name === 'identity') return;
        const numbers = new WeakMap<object, number>();
        server.observe = (when, request) => {
          if (!this.#simulation) return;
          const number = numbers.get(request) ?? ++this.#counts.call;
          numbers.set(request, number);
          this.#pass({ at: 'call', number, when, what: `${request.method} ${name} ${request.path}` });
        };
      },
      onHost: (host) => {
        options.onHost?.(host);
        host.onCommit((when) => {
          if (when === 'before') this.#counts.commit++;
          this.#pass({ at: 'commit', number: this.#counts.commit, when, what: '' });
        });
      },
    };
  }

  /** Counts from now on. */
  begin(simulation: Simulation): void {
    this.#counts.commit = 0;
    this.#simulation = simulation;
  }

  #pass(point: CrashPoint): void {
    if (!this.#simulation) return;
    const simulation = this.#simulation;
    if (this.#wanted.size === 0) this.points.push(point);
    if (!this.#wanted.has(nameOf(point))) return;
    // The one who asked takes the reply in the same turn.
    if (point.when === 'replied') setImmediate(() => simulation.crash());
    else simulation.crash();
  }
}

const nameOf = ({ at, number, when }: CrashPoint): string => `${at} ${number} ${when}`;
