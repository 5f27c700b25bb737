import type { StatusResource } from '../../domain/status.ts';
import { localLocation, localResourceGroup } from '../cloud/localNames.ts';
import { sendAsPerson } from './send.ts';
import type { Simulation } from './simulation.ts';

/** What somebody asks of the app, from the first request to the end of the deployment. */
export interface Scenario {
  name: string;
  /** What is there before, with no fault and no crash. */
  prepare?: (simulation: Simulation) => Promise<void>;
  act: (simulation: Simulation) => Promise<StatusResource>;
}

const workspaceName = 'dbw-volatility';
const workspacesVersion = '2026-01-01';

/** The reference deployment: everything is made. */
export const newWorkspace: Scenario = { name: 'a deployment into a new workspace', act: deploy };

/** The accelerator goes into a workspace that was there before. */
export const workspaceOfSomebody: Scenario = {
  name: 'a deployment into a workspace of somebody',
  prepare: (simulation) => makeWorkspace(simulation),
  act: deploy,
};

/** A workspace that somebody has made, in which the accelerator has been deployed, runs it again. */
export const rerun: Scenario = {
  name: 'a second run in a workspace that was there before',
  async prepare(simulation) {
    await makeWorkspace(simulation);
    await deploy(simulation);
  },
  async act(simulation) {
    const { id } = await simulation.start({ workspaceName });
    const before = await simulation.read(id);
    // The answer may be lost: then the attempt tells whether it was carried out.
    while ((await simulation.read(id)).attempt === before.attempt)
      await simulation.post(`/api/deployments/${id}/retry`, { rerun: true });
    return simulation.finish(id);
  },
};

async function deploy(simulation: Simulation): Promise<StatusResource> {
  return simulation.finish((await simulation.start({ workspaceName })).id);
}

/** A premium workspace of the owner of the resource group. */
export async function makeWorkspace(simulation: Simulation, name = workspaceName): Promise<void> {
  const { clock, cloud } = simulation;
  const managed = `/subscriptions/${cloud.settings['AZURE_SUBSCRIPTION_ID'] ?? ''}/resourceGroups/managed-${name}`;
  const path = `/resourceGroups/${localResourceGroup}/providers/Microsoft.Databricks/workspaces/${name}`;
  const body = {
    location: localLocation,
    sku: { name: 'premium' },
    tags: { owner: 'somebody' },
    properties: { managedResourceGroupId: managed, computeMode: 'Hybrid' },
  };
  const status = await sendAsPerson(simulation, 'PUT', path, workspacesVersion, body);
  if (status !== 201) throw new Error(`the workspace of somebody was answered ${status}`);
  await simulation.until(() => cloud.databricks.workspaces().length > 0);
  clock.advance(60_000);
}
