import { errorIn, type Finding, notChecked, type Read, warningOf } from './preflight.ts';
import type { ClusterNeed } from './preflightNeeds.ts';
import { isOutOfSupport, nearestOffered } from './runtimes.ts';

export interface NodeTypeFact {
  id: string;
  deprecated: boolean;
  /** Why it cannot be had: `NotEnabledOnSubscription`, `NotAvailableInRegion`; empty when it can. */
  status: string[];
}

/** What a workspace offers to clusters. */
export interface ComputeFacts {
  runtimes: Read<string[]>;
  nodeTypes: Read<NodeTypeFact[]>;
}

/** Where and when (ISO 8601) it is looked. */
export interface ComputeContext {
  location: string;
  at: string;
}

/** Whether the workspace offers what the clusters ask for. */
export function judgeCompute(
  { runtimes, nodeTypes }: ComputeFacts,
  needs: ClusterNeed[],
  { location, at }: ComputeContext,
): Finding[] {
  const findings: Finding[] = [];
  if ('unread' in runtimes)
    findings.push(notChecked('whether the runtimes are offered', runtimes, 'databricks clusters spark-versions'));
  if ('unread' in nodeTypes)
    findings.push(notChecked('whether the node types are offered', nodeTypes, 'databricks clusters list-node-types'));
  for (const need of needs) {
    if ('value' in runtimes) findings.push(...judgeRuntime(need, runtimes.value, at));
    if ('value' in nodeTypes) findings.push(...judgeNodeType(need, nodeTypes.value, location));
  }
  return findings;
}

function judgeRuntime({ cluster, sparkVersion }: ClusterNeed, offered: string[], at: string): Finding[] {
  if (sparkVersion === undefined || offered.includes(sparkVersion)) return [];
  const near = nearestOffered(sparkVersion, offered);
  const message = `The workspace does not offer the runtime ${sparkVersion} for the cluster of ${cluster}.`;
  const list = 'see `databricks clusters spark-versions`';
  const hint = near ? `Send "compute": {"sparkVersion": "${near}"}, or ${list}` : `Choose another runtime: ${list}`;
  // One that is out of support is taken off the list, but may go on starting clusters for a while.
  return isOutOfSupport(sparkVersion, at)
    ? [warningOf('RUNTIME_NOT_LISTED', message, hint, '/compute/sparkVersion')]
    : [errorIn('RUNTIME_NOT_OFFERED', message, hint, '/compute/sparkVersion')];
}

function judgeNodeType({ cluster, nodeType }: ClusterNeed, offered: NodeTypeFact[], location: string): Finding[] {
  if (nodeType === undefined) return [];
  const found = offered.find(({ id }) => id.toLowerCase() === nodeType.toLowerCase());
  const pointer = '/compute/nodeType';
  if (!found || found.status.length > 0) {
    const why = found ? ` (${found.status.join(', ')})` : '';
    const message = `The workspace does not offer the node type ${nodeType}${why} for the cluster of ${cluster}.`;
    const command = `az vm list-skus --location ${location} --size ${nodeType} --all --query "[].restrictions"`;
    const hint = `Send another compute.nodeType, or ask for the size: ${command}`;
    return [errorIn('NODE_TYPE_NOT_OFFERED', message, hint, pointer)];
  }
  if (!found.deprecated) return [];
  const message = `The node type ${nodeType} of the cluster of ${cluster} is going to be withdrawn.`;
  return [warningOf('NODE_TYPE_DEPRECATED', message, 'Send another compute.nodeType.', pointer)];
}
