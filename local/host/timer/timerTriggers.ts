import type { Clock } from '../../kit/clock.ts';
import type { AppRegistry, RegisteredFunction } from '../core/appRegistry.ts';
import { clientInputs } from '../core/clientInputs.ts';
import { resolveSetting } from '../core/hostConfig.ts';
import { invoke } from '../core/invoke.ts';
import type { Log } from '../log.ts';
import type { TimerSchedule } from './timerSchedule.ts';
import { timerSchedule } from './timerSchedule.ts';
import type { TimerStatus } from './timerStatus.ts';
import { firstStatus, resumedStatus, timerInfo } from './timerStatus.ts';

/** Where the status of timers is kept, as JSON texts by their functions' names. */
export interface TimerStore {
  timerStatus(name: string): string | undefined;
  putTimerStatus(name: string, status: string): void;
}

export interface TimerTriggersOptions {
  app: AppRegistry;
  store: TimerStore;
  clock: Clock;
  log: Log;
  /** The text that inputs of type durableClient receive. */
  clientBinding: string;
}

interface Timer {
  target: RegisteredFunction;
  schedule: TimerSchedule;
  /** Whether its status is kept over restarts. */
  isKept: boolean;
  status: TimerStatus | undefined;
  cancel: () => void;
}

/** The functions of an app that time triggers: each runs alone, and what was missed while the host was down runs once. */
export class TimerTriggers {
  readonly #options: TimerTriggersOptions;
  readonly #timers: Timer[];
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  constructor(options: TimerTriggersOptions) {
    this.#options = options;
    this.#timers = [...options.app.functions.values()]
      .filter(({ trigger }) => trigger.type.toLowerCase() === 'timertrigger')
      .flatMap((target) => this.#timerOf(target) ?? []);
  }

  get busy(): boolean {
    return this.#running.size > 0;
  }

  /** When the next timer fires, in milliseconds; undefined when there is none. */
  nextDue(): number | undefined {
    const dues = this.#timers.flatMap(({ status }) => status?.next ?? []);
    return dues.length === 0 ? undefined : Math.min(...dues);
  }

  start(): void {
    const { clock } = this.#options;
    for (const timer of this.#timers) {
      const nowMs = clock.now();
      const kept = this.#kept(timer);
      timer.status = kept ? resumedStatus(kept, timer.schedule, nowMs) : firstStatus(timer.schedule, nowMs);
      if (!kept && timer.status) this.#keep(timer, { ...timer.status, lastUpdated: nowMs });
      else if (timer.status && timer.status !== kept) this.#keep(timer, timer.status);
      const isPastDue = kept !== undefined && timer.status !== undefined && nowMs > timer.status.next;
      if (isPastDue || timer.target.trigger['runOnStartup'] === true) this.#fire(timer, isPastDue);
      else this.#arm(timer);
    }
  }

  /** Fires no more. */
  abandon(): void {
    this.#stopped = true;
    for (const { cancel } of this.#timers) cancel();
  }

  /** Fires no more; waits `graceMs` for what runs. */
  async stop(graceMs: number): Promise<void> {
    this.abandon();
    const grace = new Promise((resolve) => setTimeout(resolve, graceMs).unref());
    await Promise.race([Promise.all(this.#running), grace]);
  }

  /** What the function receives when it is invoked out of turn; undefined when it is no timer. */
  payloadOf(target: RegisteredFunction): string | undefined {
    const timer = this.#timers.find((one) => one.target === target);
    return timer && timerInfo(timer.schedule, timer.isKept ? timer.status : undefined, false);
  }

  #timerOf(target: RegisteredFunction): Timer | undefined {
    const { clock, log } = this.#options;
    const given = target.trigger['schedule'];
    const expression = resolveSetting(typeof given === 'string' ? given : undefined) ?? '';
    const schedule = timerSchedule(expression);
    if (!schedule) {
      const message = `The schedule expression '${expression}' was not recognized as a valid cron expression or timespan string: the function is not served.`;
      log({ level: 'error', category: 'host', message, functionName: target.name });
      return undefined;
    }
    const isKept = target.trigger['useMonitor'] !== false && !schedule.isFrequent(clock.now());
    return { target, schedule, isKept, status: undefined, cancel: () => undefined };
  }

  #kept({ target, isKept }: Timer): TimerStatus | undefined {
    const text = isKept ? this.#options.store.timerStatus(target.name) : undefined;
    return text === undefined ? undefined : (JSON.parse(text) as TimerStatus);
  }

  #keep({ target, isKept }: Timer, status: TimerStatus): void {
    if (isKept) this.#options.store.putTimerStatus(target.name, JSON.stringify(status));
  }

  #arm(timer: Timer): void {
    if (this.#stopped || !timer.status) return;
    timer.cancel = this.#options.clock.setTimer(timer.status.next, () => this.#fire(timer, false));
  }

  #fire(timer: Timer, isPastDue: boolean): void {
    const run = this.#run(timer, isPastDue).finally(() => {
      this.#running.delete(run);
      this.#arm(timer);
    });
    this.#running.add(run);
  }

  async #run(timer: Timer, isPastDue: boolean): Promise<void> {
    const { app, clock, log, clientBinding } = this.#options;
    const { target, schedule } = timer;
    const firedMs = clock.now();
    const trigger = { json: timerInfo(schedule, timer.isKept ? timer.status : undefined, isPastDue) };
    try {
      await invoke(app, target, { trigger, extra: clientInputs(target, clientBinding) }, log);
    } catch (error) {
      const message = `Executed '${target.name}' (Failed): ${error instanceof Error ? error.stack : String(error)}`;
      log({ level: 'error', category: 'host', message, functionName: target.name });
    }
    const next = schedule.next(firedMs);
    timer.status = next === undefined ? undefined : { last: firedMs, next, lastUpdated: firedMs };
    // The store may be closed by now; what was not kept runs again with the next host.
    if (timer.status && !this.#stopped) this.#keep(timer, timer.status);
  }
}
