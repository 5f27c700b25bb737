import { familyKey, nodeSizeOf } from './nodeTypes.ts';
import { errorIn, type Finding, notChecked, type Read, warningOf } from './preflight.ts';
import type { ClusterNeed } from './preflightNeeds.ts';
import { isOutOfSupport, supportEndOf } from './runtimes.ts';

/** One quota of a location (Microsoft.Compute/locations/usages). */
export interface Usage {
  /** As Azure writes it: `standardDADSv5Family`, `Standard NCASv3_T4 Family`, `cores` for all families together. */
  name: string;
  limit: number;
  currentValue: number;
}

interface Place {
  location: string;
  subscriptionId: string;
}

interface Demand {
  family: string;
  clusters: string[];
  /** The largest cluster, without which there is no deployment. */
  largest: { cluster: string; cores: number };
  /** Of all: the notebooks' cluster starts while RUNME's still ends. */
  together: number;
}

/** Whether the quotas have room for the clusters. One that is smaller than a cluster is surely wrong; what others use may end. */
export function judgeQuota(usages: Read<Usage[]>, needs: ClusterNeed[], place: Place): Finding[] {
  const { demands, findings } = demandsOf(needs);
  if (demands.length === 0) return findings;
  if ('unread' in usages) {
    const command = `az vm list-usage --location ${place.location} --subscription ${place.subscriptionId}`;
    return [...findings, notChecked('the quota of cores', usages, command)];
  }
  const all: Demand = {
    family: 'cores',
    clusters: demands.flatMap(({ clusters }) => clusters),
    largest: demands.map(({ largest }) => largest).reduce(larger),
    together: demands.reduce((sum, { together }) => sum + together, 0),
  };
  return [...findings, ...[...demands, all].flatMap((demand) => judgeDemand(demand, usages.value, place))];
}

function demandsOf(needs: ClusterNeed[]): { demands: Demand[]; findings: Finding[] } {
  const demands = new Map<string, Demand>();
  const findings: Finding[] = [];
  for (const { cluster, nodeType, workers } of needs) {
    if (nodeType === undefined || workers === undefined) {
      const message = `The size of the cluster of ${cluster} stands in the accelerator\u2019s repository only: its quota is not checked.`;
      const hint = 'Send compute.nodeType and compute.workers where the accelerator takes them.';
      findings.push(warningOf('CLUSTERS_UNKNOWN', message, hint, '/compute'));
      continue;
    }
    const size = nodeSizeOf(nodeType);
    if (!size) {
      const message = `The quota of ${nodeType} (cluster of ${cluster}) is not known here and not checked.`;
      const hint = `az vm list-skus --size ${nodeType} --query "[0].family"`;
      findings.push(warningOf('NODE_TYPE_UNKNOWN', message, hint, '/compute/nodeType'));
      continue;
    }
    const cores = size.vCpus * (workers + 1);
    const known = demands.get(size.family);
    const own = { cluster, cores };
    demands.set(size.family, {
      family: size.family,
      clusters: [...(known?.clusters ?? []), cluster],
      largest: known ? larger(known.largest, own) : own,
      together: (known?.together ?? 0) + cores,
    });
  }
  return { demands: [...demands.values()], findings };
}

const larger = (a: Demand['largest'], b: Demand['largest']): Demand['largest'] => (b.cores > a.cores ? b : a);

function judgeDemand(demand: Demand, usages: Usage[], { location, subscriptionId }: Place): Finding[] {
  const { family, largest, together, clusters } = demand;
  const usage = usages.find(({ name }) => familyKey(name) === family);
  const see = `az vm list-usage --location ${location} --subscription ${subscriptionId}`;
  if (!usage) {
    const message = `Azure lists no quota ${family} in ${location}: it is not checked.`;
    return [warningOf('NODE_TYPE_UNKNOWN', message, see, '/compute/nodeType')];
  }
  const { name, limit, currentValue } = usage;
  // A negative limit stands for none.
  if (limit < 0) return [];
  const scope = `/subscriptions/${subscriptionId}/providers/Microsoft.Compute/locations/${location}`;
  const raise = (value: number): string =>
    `az quota update --resource-name "${name}" --scope ${scope} --resource-type dedicated --limit-object value=${value}`;
  if (limit < largest.cores) {
    const message = `The quota ${name} in ${location} is ${limit}; the cluster of ${largest.cluster} needs ${largest.cores} cores.`;
    return [errorIn('QUOTA_TOO_LOW', message, raise(largest.cores), '/compute')];
  }
  if (limit - currentValue < together) {
    const message = `The quota ${name} in ${location} is ${limit}, of which ${currentValue} are in use; ${clusters.join(' and ')} need ${together} cores.`;
    return [warningOf('QUOTA_IN_USE', message, `Free some, or: ${raise(currentValue + together)}`, '/compute')];
  }
  return [];
}

/** A warning for each runtime that is out of support at the time. It may still be offered; the workspace tells. */
export function judgeRuntimes(needs: ClusterNeed[], at: string): Finding[] {
  return needs.flatMap(({ cluster, sparkVersion }) => {
    if (!sparkVersion || !isOutOfSupport(sparkVersion, at)) return [];
    const message = `The runtime ${sparkVersion} of the cluster of ${cluster} is out of support since ${supportEndOf(sparkVersion) ?? ''}: it may vanish any day.`;
    const hint = 'Send compute.sparkVersion with a later release once the notebooks are known to run on it.';
    return [warningOf('RUNTIME_UNSUPPORTED', message, hint, '/compute/sparkVersion')];
  });
}
