import { actedNotebook } from '../databricks/notebooks/scriptedCompute.ts';
import type { FaultRule } from '../faults/faults.ts';
import type { RequestPhase } from '../kit/server.ts';

import type { Draw } from './draw.ts';
import type { Moment } from './moments.ts';

/** Something that goes wrong once, and passes. */
export type Trouble =
  | { kind: 'crash'; moment: Moment }
  /** Of the servers of Azure, of its token endpoint, or of a workspace. */
  | { kind: 'fault'; server: 'azure' | 'identity' | 'workspace'; rule: FaultRule }
  /** Of the platform itself, in a workspace; the code says what has failed there. */
  | { kind: 'platform'; scenario: { kind: string } & Record<string, unknown> };

/** About as many as a deployment has; what is drawn beyond its end does not strike. */
const commits = 70;
const calls = 80;
const requests = { azure: 14, identity: 4, workspace: 45 };

const errorBody = {
  error: { code: 'ServerTrouble', message: 'Try again.' },
  error_code: 'SERVER_TROUBLE',
  message: 'Try again.',
};
const page = { headers: { 'content-type': 'text/html' }, body: '<html><h1>Proxy</h1></html>' };

/** What a request may meet; each is over when it is made again. */
const faults: ((draw: Draw) => Omit<FaultRule, 'method' | 'path'>)[] = [
  (draw) => ({ status: 429, headers: { 'retry-after': String(draw.whole(0, 60)) }, body: errorBody }),
  () => ({ status: 429, body: errorBody }),
  (draw) => ({ status: draw.pick([500, 502, 503, 504]), body: errorBody }),
  (draw) => ({ status: 503, headers: { 'retry-after': String(draw.whole(1, 30)) }, body: errorBody }),
  () => ({ status: 503, headers: { 'retry-after': 'soon' }, body: errorBody }),
  () => ({ reset: true }),
  () => ({ reset: true, when: 'after' }),
  () => ({ status: 504, when: 'after', ...page }),
  () => ({ status: 200, ...page }),
];

const platform: ((draw: Draw) => { kind: string } & Record<string, unknown>)[] = [
  (draw) => ({ kind: 'clusterFails', taskKey: draw.pick(tasks), code: 'CLOUD_PROVIDER_RESOURCE_STOCKOUT' }),
  (draw) => ({ kind: 'spotLost', taskKey: draw.pick(tasks), afterSeconds: draw.whole(0, 2) }),
  (draw) => ({ kind: 'taskInternalError', taskKey: draw.pick(tasks) }),
  () => ({ kind: 'cloneHalfMade' }),
  (draw) => ({ kind: 'warehouseSlow', seconds: draw.whole(30, 300) }),
  () => ({ kind: 'statementFails' }),
];
const tasks = ['RUNME', 'PIV_01', 'PIV_02', 'PIV_03'];

/** None to five troubles. At most one is the platform's, for a run is repaired once. */
export function drawTroubles(draw: Draw): Trouble[] {
  const drawn = Array.from({ length: draw.whole(0, 5) }, () => drawTrouble(draw));
  const first = drawn.findIndex(({ kind }) => kind === 'platform');
  return drawn.filter(({ kind }, at) => kind !== 'platform' || at === first);
}

function drawTrouble(draw: Draw): Trouble {
  if (draw.chance(0.4)) return { kind: 'crash', moment: drawMoment(draw) };
  if (draw.chance(0.2)) return { kind: 'platform', scenario: draw.pick(platform)(draw) };
  const server = draw.pick(['azure', 'identity', 'workspace', 'workspace', 'workspace'] as const);
  const rule = {
    method: '*',
    path: '*',
    spares: actedNotebook,
    skip: draw.whole(0, requests[server]),
    times: draw.pick([1, 1, 1, 3]),
    ...draw.pick(faults)(draw),
  };
  return { kind: 'fault', server, rule };
}

function drawMoment(draw: Draw): Moment {
  if (draw.chance(0.5))
    return { at: 'commit', number: draw.whole(1, commits), when: draw.pick(['before', 'after']), what: '' };
  const phases: RequestPhase[] = ['received', 'applied', 'replied'];
  return { at: 'call', number: draw.whole(1, calls), when: draw.pick(phases), what: '' };
}
