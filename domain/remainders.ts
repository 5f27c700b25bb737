import type { DeployStatus, Remainder } from './status.ts';
import type { Deployment } from './steps.ts';
import { portalLink } from './ids.ts';

/** What a deployment leaves behind, as far as its own record says; a deletion goes by the tags. */
export function remaindersOf({ request }: Deployment, status: DeployStatus | null): Remainder[] {
  if (!status) return [];
  const { activeRuns = [], steps } = status;
  const { identity, workspace, repository, job } = status.known ?? {};
  const hasBegun = steps.some(({ name, state }) => name === 'workspace' && state !== 'pending');
  const remainders: (Remainder | undefined)[] = [
    identity && { kind: 'identity', name: identity.name, link: portalLink(identity.resourceId) },
    workspace
      ? { kind: 'workspace', name: request.workspaceName, made: workspace.created, link: `https://${workspace.host}` }
      : // Asked for and not there yet when the deployment ended.
        hasBegun
        ? { kind: 'workspace', name: request.workspaceName }
        : undefined,
    repository && { kind: 'repository', name: repository.path, made: true },
    job && { kind: 'job', name: job.jobId, made: true, link: job.url },
    ...activeRuns.map(({ runId, url }): Remainder => ({ kind: 'active run', name: runId, made: true, link: url })),
  ];
  return remainders.filter((one) => one !== undefined);
}
