import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { ensureWorkspace } from '../../activities/ensureWorkspace.ts';
import { readWorkspace } from '../../activities/readWorkspace.ts';
import { type Failure, toFailure } from '../../domain/errors.ts';
import { deploymentId } from '../../domain/ids.ts';
import { type DeploymentRequest, parseRequest } from '../../domain/request.ts';
import type { Deployment, Workspace } from '../../domain/steps.ts';
import { type Cloud, startCloud } from '../../local/cloud/startCloud.ts';
import { type ScriptedCompute, scriptedCompute } from '../../local/databricks/notebooks/scriptedCompute.ts';
import { VirtualClock } from '../../local/kit/clock.ts';
import { makePlainRepository, makeRepository } from './makeRepository.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';

/** A cloud for activities that a test calls itself; the settings of this process lead there. */
export interface ActivityCloud {
  cloud: Cloud;
  clock: VirtualClock;
  compute: ScriptedCompute;
  /** The bare repository that stands for the accelerator's public one, and its address. */
  repository: string;
  repositoryUrl: string;
  /** The bare repository at `plainRepositoryUrl`. */
  plainRepository: string;
  deployment(workspaceName: string, request?: Partial<DeploymentRequest>): Deployment;
  /** A new workspace whose storage answers. */
  readyWorkspace(deployment: Deployment): Promise<Workspace>;
}

/** Address of a repository like most public accelerators. */
export const plainRepositoryUrl = 'https://github.com/Industry-Solutions/Smart.Claims';

/** Starts one; once per test file, because the app reads its settings once per process. */
export async function startActivityCloud(options: { telemetry?: boolean } = {}): Promise<ActivityCloud> {
  const folder = mkdtempSync(join(tmpdir(), 'activities-'));
  // In the past, so that tokens look expired to the SDK's cache, which goes by the real clock, and are asked for anew.
  const clock = new VirtualClock(Date.now() - 360 * 86_400_000);
  const repository = makeRepository(join(folder, 'repository'));
  const compute = scriptedCompute(quickScript, clock);
  const latencies = { ...quickLatencies, retryAfterSeconds: 15 };
  const plainRepository = makePlainRepository(join(folder, 'plain'));
  const otherRepositories = {
    [plainRepositoryUrl]: plainRepository,
    [plainRepositoryUrl.toLowerCase()]: plainRepository,
  };
  const cloud = await startCloud({ folder, clock, compute, latencies, repository, otherRepositories, ...options });
  setDefaultCACertificates([...getCACertificates(), cloud.certificate.cert]);
  Object.assign(process.env, cloud.settings);
  const subscriptionId = cloud.settings['AZURE_SUBSCRIPTION_ID'] ?? '';
  const catalogue = JSON.parse(cloud.settings['ACCELERATORS'] ?? '{}') as Record<string, { repositoryUrl: string }>;
  const repositoryUrl = catalogue['predicting-implied-volatility']?.repositoryUrl ?? '';

  const deployment: ActivityCloud['deployment'] = (workspaceName, more = {}) => {
    const parsed = parseRequest({ resourceGroup: 'rg-volatility', workspaceName, ...more });
    if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults));
    const { request } = parsed;
    const id = deploymentId({ subscriptionId, ...request });
    const accelerator = { repositoryUrl, branch: 'main' };
    const made = { id, attempt: 1, stamp: 'first', subscriptionId, request, location: 'westeurope', accelerator };
    return made;
  };
  const readyWorkspace: ActivityCloud['readyWorkspace'] = async (wanted) => {
    const accepted = await ensureWorkspace(wanted);
    clock.advance((quickLatencies.workspaceSeconds + quickLatencies.storageSeconds) * 1000);
    const { resourceId, host = '' } = await readWorkspace({ ...wanted, workspace: accepted });
    clock.advance(quickLatencies.storageSeconds * 1000);
    return { resourceId, host };
  };
  return { cloud, clock, compute, repository, repositoryUrl, plainRepository, deployment, readyWorkspace };
}

/** The failure that a call ends with, as the orchestrator gets to see it; throws when it ends well. */
export async function failureOf(call: Promise<unknown>): Promise<Failure> {
  let value: unknown;
  try {
    value = await call;
  } catch (error) {
    return toFailure(error);
  }
  throw new Error(`no failure but ${JSON.stringify(value)}`);
}
