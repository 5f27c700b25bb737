import type { Finding } from '../domain/preflight.ts';
import type { Deployment, Workspace } from '../domain/steps.ts';
import { computeReport } from './computeReport.ts';
import { readings } from './readings.ts';

/** Whether the workspace offers the runtimes and node types that the clusters will ask for; reads only. */
export const checkCompute = (input: Deployment & { workspace: Workspace }): Promise<{ findings: Finding[] }> =>
  computeReport(input, readings.forStep);
