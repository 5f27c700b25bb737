import * as fc from 'fast-check';
import type { Entry } from './entries.ts';
import { type Body, bytesOf, deploymentBodies, giants, idleBodies, plainBody, retryBodies } from './generatedBodies.ts';
import { type Delivery, deliveries } from './generatedEvents.ts';
import { callersOf, hosts, keysOf, noise } from './generatedHeaders.ts';
import { isDryRun, queriesOf, searchOf } from './generatedQueries.ts';
import type { RawRequest } from '../support/sendRaw.ts';
import { either, type Judged, refused, taken, together, type Verdict } from './verdict.ts';

/** One request, and what is known of it by the way it was made. */
export interface Generated {
  entry: string;
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Body;
  /** Who answers it: the app, the host that stands before it, or either. */
  by: 'app' | 'host' | 'either';
  /** What the app does with it, if it answers. */
  verdict: Verdict;
  /** Whether an orchestration may be started for it. */
  mayStart: boolean;
  /** Of Event Grid alone. */
  delivered?: Delivered;
  /** Seconds that go by after it has started something. */
  thenSeconds: number;
}

/** What comes of a delivery: how many events the app is handed, and what the extension for Event Grid answers. */
export interface Delivered {
  events: number;
  statuses: number[];
}

/** As it goes over the wire. */
export const rawOf = ({ method, path, headers, body }: Generated): RawRequest => ({
  method,
  path,
  headers,
  body: bytesOf(body),
  chunked: body.chunked,
});

/** What the requests are about. */
export interface Targets {
  /** Ids of deployments that there are, or have been. */
  ids: string[];
  /** Names of workspaces that a deployment may be asked for. */
  workspaces: string[];
}

const starters = new Set(['startDeployment', 'retryDeployment', 'deleteDeployment']);

const strangeIds = [
  ['0', 'f'.repeat(24), 'F'.repeat(24), 'f'.repeat(23), 'f'.repeat(5000), '__proto__', 'constructor', 'null', '🦊'],
  ['a/b', '../../admin', '..\\..\\x', '%2e%2e', "' or 1=1 --", 'a\nb', ' ', '*', '$filter', '<script>', '{id}'],
].flat();
/** Nobody says here who turns these away. */
const crookedIds = ['.', '..', '%', '%zz', '%00', '%ff%fe', '%c0%ae', ';x=1', 'a%2fb'];

const isStraight = (id: string): boolean => !id.includes('\u0000');

/** The path with its open parts filled in; whether the app knows what it names, and whether the host lets it through. */
function pathsOf({ path }: Entry, { ids }: Targets): fc.Arbitrary<Judged<string> & { isStraight: boolean }> {
  const fill = (value: string): string => path.replaceAll(/\{[^}]*\}/g, value);
  if (!path.includes('{')) return fc.constant({ ...taken(path), isStraight: true });
  return fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...ids).map((id) => ({ ...taken(fill(id)), isStraight: true })) },
    {
      weight: 3,
      arbitrary: fc
        .constantFrom(
          ...strangeIds,
          ...ids.flatMap((id) => [`${id}:watch:1`, `${id} `, id.toUpperCase(), `${id}\u0000`]),
        )
        .map((id) => ({ ...refused(fill(encodeURIComponent(id))), isStraight: isStraight(id) })),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(...crookedIds).map((id) => ({ ...either(fill(id)), isStraight: false })),
    },
    {
      weight: 1,
      arbitrary: fc
        .string({ unit: 'binary', minLength: 1, maxLength: 30 })
        .filter((id) => id.isWellFormed() && !/^\.+$/.test(id))
        .map((id) => ({ ...refused(fill(encodeURIComponent(id))), isStraight: isStraight(id) })),
    },
  );
}

const methodsFor = ({ methods }: Entry): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...methods) },
    { weight: 1, arbitrary: fc.constantFrom('PUT', 'PATCH', 'OPTIONS', 'HEAD', 'PROPFIND') },
  );

const seconds = fc.constantFrom(0, 0, 0, 0, 0, 0, 10, 60, 3600);

function bodiesOf({ name }: Entry, { workspaces }: Targets): fc.Arbitrary<Judged<Body>> {
  if (name === 'startDeployment')
    return fc.oneof(
      { weight: 150, arbitrary: deploymentBodies(workspaces) },
      { weight: 1, arbitrary: giants('[', '{"a":', ' ', '🦊') },
    );
  return name === 'retryDeployment' ? retryBodies : idleBodies;
}

/** Requests of one entry of the app's own. */
function httpRequests(entry: Entry, targets: Targets): fc.Arbitrary<Generated> {
  return fc
    .record({
      path: pathsOf(entry, targets),
      query: queriesOf(entry.name),
      body: bodiesOf(entry, targets),
      caller: callersOf(entry),
      key: keysOf(entry),
      noise,
      host: hosts,
      method: methodsFor(entry),
      thenSeconds: seconds,
    })
    .map(({ path, query, body, caller, key, noise, host, method, thenSeconds }): Generated => {
      const reaches = entry.methods.includes(method) && key.opens && host.isSound;
      // A link without its signature is none.
      const unsigned: Verdict = entry.name === 'readStatusLink' ? 'refused' : 'taken';
      const verdict = together(path.verdict, query.verdict, body.verdict, caller.verdict, unsigned);
      return {
        entry: entry.name,
        method,
        path: path.value + searchOf([...query.value, ...key.search]),
        headers: {
          ...noise,
          ...host.headers,
          ...key.headers,
          ...(caller.value && { 'x-ms-client-principal': caller.value }),
        },
        body: body.value,
        by: !path.isStraight ? 'either' : reaches ? 'app' : 'host',
        verdict,
        mayStart: starters.has(entry.name) && reaches && verdict !== 'refused' && !isDryRun(query.value),
        thenSeconds,
      };
    });
}

/** Deliveries of Event Grid. */
function eventRequests(entry: Entry): fc.Arbitrary<Generated> {
  const giant = giants(' ', '🦊', '1').map(({ value: body }): Delivery => ({
    type: 'Notification',
    body,
    events: undefined,
    mayStart: false,
  }));
  return fc
    .record({
      delivery: fc.oneof({ weight: 150, arbitrary: deliveries }, { weight: 1, arbitrary: giant }),
      key: keysOf(entry),
      noise,
      thenSeconds: seconds,
    })
    .map(({ delivery: { type, body, events, mayStart }, key, noise, thenSeconds }): Generated => ({
      entry: entry.name,
      method: 'POST',
      path: `${entry.path}${searchOf(key.search).replace('?', '&')}`,
      headers: { ...noise, ...key.headers, ...(type !== undefined && { 'aeg-event-type': type }) },
      body,
      by: 'host',
      verdict: 'either',
      mayStart: mayStart && key.opens,
      delivered: !key.opens
        ? { events: 0, statuses: [401, 403] }
        : { events: events ?? 0, statuses: events === undefined ? [200, 202, 400, 500] : [202] },
      thenSeconds,
    }));
}

/** A request of an entry without any fault, about one deployment. */
export const soundRequest = ({ name, methods, path, key, kind }: Entry, id: string, text: string): Generated => ({
  entry: name,
  method: methods[0] ?? 'GET',
  path: path.replace('{id}', id),
  headers: {
    ...(key !== undefined && { 'x-functions-key': key }),
    ...(kind === 'eventGrid' && { 'aeg-event-type': 'Notification' }),
  },
  body: plainBody(text),
  by: kind === 'eventGrid' ? 'host' : 'app',
  verdict: 'taken',
  mayStart: true,
  ...(kind === 'eventGrid' && { delivered: { events: 1, statuses: [202] } }),
  thenSeconds: 0,
});

/** Requests of every entry. */
export const generatedRequests = (entries: Entry[], targets: Targets): fc.Arbitrary<Generated> =>
  fc.oneof(...entries.map((entry) => (entry.kind === 'http' ? httpRequests(entry, targets) : eventRequests(entry))));
