import { acceleratorNameOf } from './ids.ts';
import type { DeploymentRequest } from './request.ts';
import type { Deployment } from './steps.ts';

/** A cluster that a deployment will ask for, as far as that is known before its repository is cloned. */
export interface ClusterNeed {
  cluster: 'RUNME' | 'notebooks';
  sparkVersion?: string;
  nodeType?: string;
  /** Beside the driver; 0 for a cluster of one node. */
  workers?: number;
}

/**
 * What the shipped accelerator asks for when the request does not say otherwise: RUNME's cluster in its
 * `notebooks/job-template.json`, the notebooks' cluster in the widgets of `notebooks/RUNME.py`. It stands here too, because
 * the checks come before the repository is there; a test holds both against each other.
 */
const shipped: { accelerator: string; clusters: Required<ClusterNeed>[] } = {
  accelerator: 'predicting-implied-volatility',
  clusters: [
    { cluster: 'RUNME', sparkVersion: '15.4.x-scala2.12', nodeType: 'Standard_D4ads_v5', workers: 0 },
    { cluster: 'notebooks', sparkVersion: '13.3.x-gpu-ml-scala2.12', nodeType: 'Standard_NC4as_T4_v3', workers: 4 },
  ],
};

/** The clusters of a deployment, RUNME's first; of another accelerator than the shipped one only what the request says. */
export function clusterNeeds(accelerator: string, compute: DeploymentRequest['compute']): ClusterNeed[] {
  const known: ClusterNeed[] =
    accelerator === shipped.accelerator ? shipped.clusters : [{ cluster: 'RUNME' }, { cluster: 'notebooks' }];
  const { sparkVersion, nodeType, workers } = compute;
  const wished = {
    ...(sparkVersion && { sparkVersion }),
    ...(nodeType && { nodeType }),
    ...(workers !== undefined && { workers }),
  };
  return known.map((need) => (need.cluster === 'notebooks' ? { ...need, ...wished } : need));
}

/** The clusters of a deployment. A repository that uses the companion library is not the shipped one, whatever its name here. */
export const needsOf = (deployment: Deployment): ClusterNeed[] =>
  clusterNeeds(deployment.accelerator.companion ? '' : acceleratorNameOf(deployment), deployment.request.compute);
