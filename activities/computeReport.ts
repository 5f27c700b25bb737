import * as v from 'valibot';
import { databricks } from '../clients/databricks.ts';
import type { Finding } from '../domain/preflight.ts';
import { judgeCompute, type NodeTypeFact } from '../domain/preflightCompute.ts';
import { needsOf } from '../domain/preflightNeeds.ts';
import type { Deployment, Workspace } from '../domain/steps.ts';
import { type Readings, settled } from './readings.ts';

const runtimes = v.object({ versions: v.array(v.object({ key: v.string() })) });
const nodeTypes = v.object({
  node_types: v.array(
    v.object({
      node_type_id: v.string(),
      is_deprecated: v.optional(v.boolean(), false),
      node_info: v.optional(v.nullable(v.object({ status: v.optional(v.nullable(v.array(v.string()))) }))),
    }),
  ),
});

/** Reads what the workspace offers to clusters, side by side, and judges it; writes nothing. */
export async function computeReport(
  { workspace, ...deployment }: Deployment & { workspace: Workspace },
  readings: Readings,
): Promise<{ findings: Finding[] }> {
  const api = databricks(workspace);
  const { location } = deployment;
  const [offeredRuntimes, offeredNodes] = await settled([
    readings.read(async () => {
      const { versions } = await api.get('/api/2.1/clusters/spark-versions', {}, runtimes);
      return versions.map(({ key }) => key);
    }),
    readings.read(async (): Promise<NodeTypeFact[]> => {
      const { node_types: types } = await api.get('/api/2.1/clusters/list-node-types', {}, nodeTypes);
      return types.map(({ node_type_id: id, is_deprecated: deprecated, node_info: info }) => ({
        id,
        deprecated,
        status: info?.status ?? [],
      }));
    }),
  ] as const);
  const needs = needsOf(deployment);
  return {
    findings: judgeCompute({ runtimes: offeredRuntimes, nodeTypes: offeredNodes }, needs, {
      location,
      at: new Date().toISOString(),
    }),
  };
}
