import type { Answer, Exchange } from '../http/exchange.ts';
import { empty, jsonAnswer } from '../http/exchange.ts';
import type { DurableEngine } from './durableEngine.ts';
import { statusView } from './statusView.ts';
import type { Instance } from './store.ts';

const knownStatuses: ReadonlySet<string> = new Set([
  'Running',
  'Completed',
  'ContinuedAsNew',
  'Failed',
  'Canceled',
  'Terminated',
  'Pending',
  'Suspended',
]);
const tokenHeader = 'x-ms-continuation-token';

/** Lists instances in the order of their ids; filters that make no sense are ignored, as recorded. */
export function listInstances(engine: DurableEngine, { query, headers }: Exchange): Answer {
  const prefix = query.get('instanceIdPrefix') ?? '';
  const showInput = query.get('showInput')?.toLowerCase() !== 'false';
  const top = /^-?\d+$/.test(query.get('top') ?? '') ? Number(query.get('top')) : undefined;
  if (top !== undefined && top < 0)
    return jsonAnswer(500, {
      Message: 'Something went wrong while processing your request',
      ExceptionMessage: 'An error occurred while communicating with Azure Storage',
      ExceptionType: 'DurableTask.AzureStorage.Storage.DurableTaskStorageException',
      StackTrace: '',
    });
  const matching = engine.list().filter((one) => one.id.startsWith(prefix) && matches(one, query));
  const token = headers[tokenHeader];
  const from = token ? Buffer.from(token, 'base64').toString('utf8') : undefined;
  const first = from === undefined ? 0 : matching.findIndex((one) => one.id === from);
  // A token that names no instance ends the list.
  const rest = first < 0 ? [] : matching.slice(first);
  const page = rest.slice(0, top);
  const next = rest[page.length];
  return jsonAnswer(
    200,
    page.map((one) => statusView(one, showInput)),
    next ? { [tokenHeader]: Buffer.from(next.id).toString('base64') } : {},
  );
}

/** Deletes what a filter matches, running instances too; `createdTimeFrom` is a must. */
export function purgeInstances(engine: DurableEngine, query: URLSearchParams): Answer {
  if (time(query, 'createdTimeFrom') === undefined)
    return jsonAnswer(400, "Please provide value for 'createdTimeFrom' parameter.");
  // Recorded: a filter by Running deletes whatever its status.
  const filter = new URLSearchParams(query);
  if (statuses(query)?.includes('Running')) filter.delete('runtimeStatus');
  const ids = engine
    .list()
    .filter((one) => matches(one, filter))
    .map(({ id }) => id);
  if (ids.length === 0) return empty(404);
  engine.purge(ids);
  return jsonAnswer(200, { instancesDeleted: ids.length });
}

function matches(instance: Instance, query: URLSearchParams): boolean {
  const wanted = statuses(query);
  if (wanted && !wanted.includes(instance.status)) return false;
  const from = time(query, 'createdTimeFrom');
  const to = time(query, 'createdTimeTo');
  return (from === undefined || instance.createdMs >= from) && (to === undefined || instance.createdMs <= to);
}

// A list with one unknown name is no filter at all.
function statuses(query: URLSearchParams): string[] | undefined {
  const names = query.getAll('runtimeStatus').flatMap((list) => list.split(','));
  return names.length > 0 && names.every((name) => knownStatuses.has(name)) ? names : undefined;
}

function time(query: URLSearchParams, name: string): number | undefined {
  const ms = Date.parse(query.get(name) ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}
