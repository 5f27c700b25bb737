import type { DurableClient, DurableOrchestrationStatus } from 'durable-functions';
import { TerminalError } from '../domain/errors.ts';
import type { CallerStart, DeployInput } from '../domain/steps.ts';
import type { Caller } from './caller.ts';
import { deployerSettings } from './settings.ts';
import { isDeployment } from './statusResource.ts';

const hourMs = 3_600_000;

/** When one of the running deployments may be over; nobody can know. */
const activeRetrySeconds = 60;

/**
 * Refuses a start: TOO_MANY_DEPLOYMENTS when as many run as the settings allow, TOO_MANY_STARTS when the caller has started
 * as many within the hour. Both count the backend's own records (`active`: the deployments that run), so two starts at the same moment may both be let in.
 */
export async function refuseTooMany(
  client: DurableClient,
  caller: Caller,
  { length: active }: DurableOrchestrationStatus[],
  nowMs = Date.now(),
): Promise<void> {
  refuseActive(active);
  await refuseStarts(client, caller, nowMs);
}

function refuseActive(active: number): void {
  const { MAX_ACTIVE_DEPLOYMENTS: most } = deployerSettings();
  if (active < most) return;
  throw new TerminalError('TOO_MANY_DEPLOYMENTS', `${active} deployments are running; the settings allow ${most}.`, {
    retryAfterSeconds: activeRetrySeconds,
  });
}

async function refuseStarts(client: DurableClient, { key }: Caller, nowMs: number): Promise<void> {
  const { MAX_STARTS_PER_HOUR: most } = deployerSettings();
  const recent = await client.getStatusBy({ createdTimeFrom: new Date(nowMs - hourMs) });
  const starts = recent
    .filter(isDeployment)
    .flatMap(({ input }) => (input as DeployInput).starts ?? [])
    .filter(({ caller, at }) => caller === key && isRecent(at, nowMs))
    .map(({ at }) => Date.parse(at))
    .sort((a, b) => a - b);
  if (starts.length < most) return;
  // So many have to leave the hour, the oldest first, before there is room for one more.
  const leavesMs = (starts[starts.length - Math.ceil(most)] ?? nowMs) + hourMs;
  throw new TerminalError(
    'TOO_MANY_STARTS',
    `${starts.length} deployments were started within the hour; the settings allow ${most} for each caller.`,
    { retryAfterSeconds: Math.max(1, Math.ceil((leavesMs - nowMs) / 1000)) },
  );
}

/** The starts of one deployment for its record: those of the last hour, and this one. */
export const startsWith = (
  earlier: Pick<DeployInput, 'starts'> | undefined,
  { key }: Caller,
  nowMs = Date.now(),
): CallerStart[] => [
  ...(earlier?.starts ?? []).filter(({ at }) => isRecent(at, nowMs)),
  { caller: key, at: new Date(nowMs).toISOString() },
];

const isRecent = (at: string, nowMs: number): boolean => Date.parse(at) > nowMs - hourMs;
