import type { OrchestrationContext } from 'durable-functions';
import { DeploymentError, toFailure, type Failure } from '../domain/errors.ts';
import { fitStatus } from '../domain/fitStatus.ts';
import { type Finding, warningsIn } from '../domain/preflight.ts';
import { type DeployStatus, type Links, type StepName, type StepStatus } from '../domain/status.ts';
import type { ActiveRun, Known, RunEnd } from '../domain/steps.ts';
import type { StepObserver } from './runStep.ts';

// RUNME's and the notebooks', and some that a person may have started.
const mostRunEnds = 8;

/** The deployment's custom status: which step is where, since when, how often tried, how long waited. */
export class Progress {
  readonly #ctx: OrchestrationContext;
  readonly #status: DeployStatus & { known: Known };
  readonly #findings: Finding[] = [];

  constructor(ctx: OrchestrationContext, attempt: number, names: StepName[]) {
    this.#ctx = ctx;
    const steps = names.map((name) => ({ name, state: 'pending' as const, tries: 0, waitedSeconds: 0 }));
    this.#status = { attempt, phase: names[0] ?? 'identity', steps, links: {}, known: {} };
    ctx.df.setCustomStatus(this);
  }

  /** What is shown: the SDK asks for it once, when the orchestrator has nothing more to do for now. */
  toJSON(): DeployStatus {
    return fitStatus(this.#status);
  }

  /** Starts a step and returns the observer through which its tries and waits are shown. */
  begin(name: StepName): StepObserver & { waiting(): void; done(): void; failed(): void } {
    const step = this.#step(name);
    delete step.endedAt;
    this.#change(step, { state: 'running', startedAt: this.#now() });
    return {
      trying: (tries) => this.#change(step, { state: 'running', tries }),
      retrying: ({ code, message }) =>
        this.#change(step, { state: 'retrying', problem: { code, message: message.slice(0, 300) } }),
      waited: (seconds) => this.#change(step, { waitedSeconds: Math.round((step.waitedSeconds + seconds) * 10) / 10 }),
      waiting: () => this.#change(step, { state: 'waiting' }),
      done: () => {
        delete step.problem;
        this.#change(step, { state: 'done', endedAt: this.#now() });
      },
      failed: () => this.#change(step, { state: 'failed', endedAt: this.#now() }),
    };
  }

  /** Shows a step as taken over from an earlier attempt. */
  keep(...names: StepName[]): void {
    for (const name of names) Object.assign(this.#step(name), { state: 'kept' });
  }

  /** Takes steps that turn out not to be needed out of the list. */
  leaveOut(...names: StepName[]): void {
    this.#status.steps = this.#status.steps.filter(({ name }) => !names.includes(name));
  }

  /** Lets a step wait again for an earlier one that has to be repeated. */
  reset(name: StepName): void {
    const step = this.#step(name);
    delete step.problem;
    this.#change(step, { state: 'pending' });
  }

  link(links: Links): void {
    Object.assign(this.#status.links, links);
  }

  /** Keeps the warnings among the findings of a check. */
  warn(findings: Finding[]): void {
    this.#findings.push(...findings);
    const warnings = warningsIn(this.#findings);
    if (warnings.length > 0) this.#status.warnings = warnings;
  }

  /** Remembers what a later attempt can go on from, and a deletion begin with. */
  know(known: Known): void {
    Object.assign(this.#status.known, known);
  }

  get known(): Known {
    return this.#status.known;
  }

  hasBegun(name: StepName): boolean {
    return this.#step(name).state !== 'pending';
  }

  /** Shows that runs are being ended because of what was thrown, and returns the observer of the step where that happened. */
  ending(thrown: unknown): StepObserver {
    const step = this.#step(this.#status.phase);
    this.#status.ending = { since: this.#now(), code: toFailure(thrown).code };
    return {
      trying() {},
      retrying: ({ code, message }) => this.#change(step, { problem: { code, message: message.slice(0, 300) } }),
      waited() {},
    };
  }

  get steps(): readonly StepStatus[] {
    return this.#status.steps;
  }

  /** Shows how the runs have ended that were cancelled. */
  end(runEnds: RunEnd[]): void {
    this.#status.runEnds = runEnds.slice(0, mostRunEnds);
  }

  get links(): Links {
    return this.#status.links;
  }

  /** Shows the failure in the step that it belongs to and returns the error that ends the orchestration. */
  fail(thrown: unknown, activeRuns: ActiveRun[] = []): Error {
    const step = this.#status.phase;
    const failure: Failure & { step: StepName } = { ...toFailure(thrown), step };
    const state = failure.code === 'CANCELLED' ? 'cancelled' : 'failed';
    delete this.#status.ending;
    if (activeRuns.length > 0) this.#status.activeRuns = activeRuns;
    this.#status.failure = failure;
    this.#change(this.#step(step), { state, endedAt: this.#now() });
    return thrown instanceof DeploymentError ? thrown : new Error(`${failure.code}: ${failure.message}`);
  }

  #step(name: StepName): StepStatus {
    const step = this.#status.steps.find((one) => one.name === name);
    if (!step) throw new Error(`no step ${name}`);
    return step;
  }

  #change(step: StepStatus, change: Partial<StepStatus>): void {
    Object.assign(step, change);
    const open = this.#status.steps.filter(({ state }) => state !== 'pending' && state !== 'done' && state !== 'kept');
    // Of steps that go side by side the one that ends the deployment counts.
    const active = open.find(({ state }) => state === 'failed') ?? open[0];
    if (active) this.#status.phase = active.name;
  }

  #now(): string {
    return this.#ctx.df.currentUtcDateTime.toISOString();
  }
}
