import type { HostConfig } from '../core/hostConfig.ts';

/** Why an instance of that version may not run here: it either waits (for ever, unless the app changes) or fails. */
export function versionProblem(
  version: string | null,
  config: Pick<HostConfig, 'defaultVersion' | 'versionMatchStrategy' | 'versionFailureStrategy'>,
): { wait: boolean; reason: string } | undefined {
  const own = config.defaultVersion ?? '';
  const wanted = version ?? '';
  if (config.versionMatchStrategy === 'None' || wanted === own) return undefined;
  if (config.versionMatchStrategy === 'CurrentOrOlder' && compareVersions(wanted, own) < 0) return undefined;
  return {
    wait: config.versionFailureStrategy === 'Reject',
    reason: `The orchestration version '${wanted}' does not match the worker version '${own}' (${config.versionMatchStrategy}).`,
  };
}

/** Compares dotted numbers part by part; what is no number is compared as text, and no version is older than any. */
export function compareVersions(left: string, right: string): number {
  const lefts = left.split('.');
  const rights = right.split('.');
  for (let index = 0; index < Math.max(lefts.length, rights.length); index++) {
    const [a = '', b = ''] = [lefts[index], rights[index]];
    const difference = Number(a) - Number(b);
    const order = Number.isNaN(difference) ? Number(a > b) - Number(a < b) : difference;
    if (order !== 0) return order;
  }
  return 0;
}
