import type { DeployStatus, WatchStatus } from './status.ts';
import type { RunState } from './steps.ts';

// Durable takes 16 kB of UTF-16 as custom status; some is left for what the backend adds.
const mostCharacters = 7800;
// Texts are not cut below this, nor are fewer active runs told of.
const leastText = 20;
const leastRuns = 3;
/** Those of tasks that a person looks at least. */
const dullStates = new Set<RunState>(['succeeded', 'waiting', 'skipped']);

/**
 * Shortens the status until it fits as JSON, where quotes and backslashes count twice: the last warnings go first, then the
 * oldest lines of the failure's trace, many active runs, long texts, and last the links to tables. What a later attempt and
 * a deletion need stays.
 */
export const fitStatus = (status: DeployStatus): DeployStatus => fitted(status, shorten);

/** Shortens the status of a watch likewise: long texts go first, then the last of many tasks, which are counted. */
export const fitWatchStatus = (status: WatchStatus): WatchStatus => fitted(status, shortenWatch);

/** `takeAway` takes one piece away; false when nothing is left to take. */
function fitted<T>(status: T, takeAway: (status: T) => boolean): T {
  while (JSON.stringify(status).length > mostCharacters && takeAway(status));
  return status;
}

function shorten(status: DeployStatus): boolean {
  const { warnings = [], failure, activeRuns = [], steps, links } = status;
  if (warnings.length > 0) return warnings.pop() !== undefined;
  if (failure?.trace?.length) return failure.trace.shift() !== undefined;
  if (activeRuns.length > leastRuns) return activeRuns.pop() !== undefined;
  if (halve(failure, 'cause') || halve(failure, 'message')) return true;
  if (steps.some(({ problem }) => halve(problem, 'message'))) return true;
  const [role] = Object.keys(links.tables ?? {}).slice(-1);
  if (role === undefined) return false;
  delete links.tables?.[role];
  return true;
}

function shortenWatch({ runs, problem }: WatchStatus): boolean {
  if (halve(problem, 'message')) return true;
  if (runs.some((run) => halve(run, 'message') || halve(run.repaired, 'why'))) return true;
  const [longest] = runs.toSorted((a, b) => b.tasks.length - a.tasks.length);
  if (!longest?.tasks.length) return false;
  const dull = longest.tasks.findLastIndex(({ state }) => dullStates.has(state));
  longest.tasks = longest.tasks.toSpliced(dull, 1);
  longest.otherTasks = (longest.otherTasks ?? 0) + 1;
  return true;
}

/** Halves a text that is long enough. */
function halve<K extends string>(holder: Partial<Record<K, string>> | undefined, key: K): boolean {
  const text = holder?.[key];
  if (!holder || text === undefined || text.length <= leastText) return false;
  holder[key] = text.slice(0, text.length >> 1);
  return true;
}
