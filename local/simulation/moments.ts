import type { RequestPhase } from '../kit/server.ts';
import type { Simulation, SimulationOptions } from './simulation.ts';

/** A moment in the life of a deployment at which something may happen, counted from when a scenario begins. */
export interface Moment {
  /** `commit`: of the durable state; `call`: of a remote API. */
  at: 'commit' | 'call';
  number: number;
  when: 'before' | 'after' | RequestPhase;
  /** What is asked, for people. */
  what: string;
}

/** Counts the moments, and acts at those that are wanted. */
export class Moments {
  /** Those that have passed, when none is wanted. */
  readonly passed: Moment[] = [];
  readonly #wanted: ReadonlySet<string>;
  readonly #act: (simulation: Simulation) => void;
  readonly #counts = { commit: 0, call: 0 };
  #simulation: Simulation | undefined;

  constructor(wanted: readonly Moment[], act: (simulation: Simulation) => void) {
    this.#wanted = new Set(wanted.map(nameOf));
    this.#act = act;
  }

  /** The simulation's options with an eye on its servers and hosts. */
  watching(options: SimulationOptions): SimulationOptions {
    return {
      ...options,
      onServer: (server, name) => {
        options.onServer?.(server, name);
        // Tokens are kept by the process, so how often they are asked for depends on what ran before.
        if (name === 'identity') return;
        const numbers = new WeakMap<object, number>();
        server.observers.push((when, request) => {
          if (!this.#simulation) return;
          const number = numbers.get(request) ?? ++this.#counts.call;
          numbers.set(request, number);
          this.#pass({ at: 'call', number, when, what: `${request.method} ${name} ${request.path}` });
        });
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

  #pass(moment: Moment): void {
    const simulation = this.#simulation;
    if (!simulation) return;
    if (this.#wanted.size === 0) this.passed.push(moment);
    if (!this.#wanted.has(nameOf(moment))) return;
    // The one who asked takes the reply in the same turn.
    if (moment.when === 'replied') setImmediate(() => this.#act(simulation));
    else this.#act(simulation);
  }
}

const nameOf = ({ at, number, when }: Moment): string => `${at} ${number} ${when}`;

/** A moment in words, for the title of a case. */
export const titleOf = ({ at, number, when, what }: Moment): string =>
  at === 'commit'
    ? `${when} the commit ${number} of its state`
    : `${phases[when] ?? when} call ${number}, ${shortened(what)}`;

const phases: Record<string, string> = {
  received: 'just before',
  applied: 'after the effect and before the reply of',
  replied: 'just after the reply of',
};

/** A request without what is long and says nothing. */
export const shortened = (what: string): string =>
  what.replace(/\?.*$/, '').replace(/\/subscriptions\/.*\/providers\//, '…/');
