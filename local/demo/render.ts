import type { Links, StatusResource } from '../../domain/status.ts';

const symbols: Record<string, string> = {
  done: '✓',
  succeeded: '✓',
  failed: '✗',
  canceled: '✗',
  timedOut: '✗',
  retrying: '!',
  skipped: '-',
  running: '›',
  waiting: '·',
};

interface Line {
  id: string;
  state: string;
  title: string;
  seconds?: number | undefined;
  note: string;
}

/** Turns each status into the lines that changed since the one before, and a summary of what runs now. */
export class Renderer {
  readonly #shown = new Map<string, string>();
  readonly #startedMs: number;

  constructor(startedMs: number) {
    this.#startedMs = startedMs;
  }

  /** One line for each step or notebook task whose state, attempt or problem is new. */
  changes(status: StatusResource): string[] {
    return linesOf(status)
      .filter(({ state }) => state !== 'pending')
      .filter((line) => this.#isNew(line))
      .map((line) => `${this.#clock()}  ${format(line)}`);
  }

  /** What runs now and since when, for a line that is overwritten. */
  now(status: StatusResource, nowMs: number): string {
    const active = status.runs.flatMap(({ tasks }) => tasks).find(({ state }) => state === 'running');
    const step = status.steps.find(({ state }) => state !== 'pending' && state !== 'done');
    const since = Date.parse(active?.startedAt ?? step?.startedAt ?? status.createdTime);
    return `${this.#clock()}  … ${active?.key ?? step?.title ?? 'Waiting to start'} (${duration((nowMs - since) / 1000)})`;
  }

  #isNew({ id, state, note }: Line): boolean {
    const seen = `${state} ${note}`;
    const isNew = this.#shown.get(id) !== seen;
    this.#shown.set(id, seen);
    return isNew;
  }

  #clock(): string {
    const seconds = Math.floor((Date.now() - this.#startedMs) / 1000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`.padStart(6);
  }
}

function linesOf(status: StatusResource): Line[] {
  const steps = status.steps.map((step) => ({
    id: step.name,
    state: step.state,
    title: step.title,
    seconds: secondsOf(step),
    note: noteOf(step.tries, step.problem) || linkOf(step.name, step.state, status.links),
  }));
  const tasks = status.runs.flatMap(({ role, tasks, url }) =>
    tasks.map((task) => ({
      id: `${role}/${task.key}`,
      state: task.state,
      title: `  ${task.key}`,
      seconds: secondsOf(task),
      note: noteOf(task.attempt) || (task.state === 'waiting' ? '' : (task.url ?? url)),
    })),
  );
  // The notebooks' step ends when its tasks have, so that their ends are shown first.
  const at = steps.findIndex(({ id, state }) => id === 'notebooks' && state === 'done');
  return at < 0 ? [...steps, ...tasks] : [...steps.slice(0, at), ...tasks, ...steps.slice(at)];
}

/** A step's link is shown where it becomes known. */
function linkOf(step: string, state: string, links: Links): string {
  const link = new Map<string, string | undefined>([
    ['workspace', links.workspace],
    ['job', links.job],
    ['run', links.runmeRun],
    ['warehouse', links.warehouse],
    ['verification', links.mlflowRun],
  ]).get(step);
  return state === 'done' ? (link ?? '') : '';
}

const noteOf = (attempt: number, problem?: { code: string; message: string }): string =>
  [attempt > 1 ? `attempt ${attempt}` : '', problem ? `${problem.code}: ${problem.message}` : '']
    .filter(Boolean)
    .join(', ');

function format({ state, title, seconds, note }: Line): string {
  const word = state === 'timedOut' ? 'timed out' : state;
  return `${symbols[state] ?? '?'} ${word.padEnd(9)} ${title.padEnd(38)} ${(seconds === undefined ? '' : duration(seconds)).padStart(6)}  ${note}`.trimEnd();
}

const secondsOf = ({ startedAt, endedAt }: { startedAt?: string; endedAt?: string }): number | undefined =>
  startedAt && endedAt ? (Date.parse(endedAt) - Date.parse(startedAt)) / 1000 : undefined;

/** Seconds as people say them: `7.4 s`, `1:05`, `2:03:10`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, seconds).toFixed(1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60) % 60;
  const rest = String(whole % 60).padStart(2, '0');
  return whole < 3600
    ? `${minutes}:${rest}`
    : `${Math.floor(whole / 3600)}:${String(minutes).padStart(2, '0')}:${rest}`;
}
