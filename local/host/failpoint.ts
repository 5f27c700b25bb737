/** Those that a host passes again and again. */
export const failpointNames = [
  'afterStartCommit',
  'beforeActivity',
  'afterActivityBeforeCommit',
  'afterActivityCommit',
  'afterOrchestratorBeforeCommit',
  'afterEpisodeCommit',
] as const;

export type FailpointName = (typeof failpointNames)[number] | 'beforeKeysAreKept';

const [wantedName, wantedHit = '1'] = (process.env['HOST_FAILPOINT'] ?? '').split(':');
let hitsLeft = Number(wantedHit);

/** Kills this process with SIGKILL at the n-th passage of the place named by `HOST_FAILPOINT=<name>:<n>`. */
export function failpoint(name: FailpointName): void {
  if (name === wantedName && --hitsLeft === 0) process.kill(process.pid, 'SIGKILL');
}
