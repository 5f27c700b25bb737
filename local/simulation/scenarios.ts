import type { StatusResource } from '../../domain/status.ts';
import { localLocation, localResourceGroup } from '../cloud/localNames.ts';
import { sendAsPerson } from './send.ts';
import { countsIn } from './counts.ts';
import type { Simulation } from './simulation.ts';

/** What somebody asks of the app, from the first request to the end of the deployment. */
export interface Scenario {
  name: string;
  /** What is there before, with no fault and no crash. */
  prepare?: (simulation: Simulation) => Promise<void>;
  act: (simulation: Simulation) => Promise<StatusResource>;
  /** Collections whose documents tell how far something had come at some moment: of them only the number is compared. */
  counted?: string[];
  /** Whether somebody cancels. */
  cancels?: true;
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
    await askForNextAttempt(simulation, id, { rerun: true });
    return simulation.finish(id);
  },
};

/** How far a run had come when it was cancelled. */
const cancelled = ['runs', 'clusters'];

/** Somebody cancels while the notebooks run, and tries again afterwards. */
export const cancelledAndRetried: Scenario = {
  name: 'a deployment that is cancelled and tried again',
  counted: cancelled,
  cancels: true,
  act: (simulation) => cancelAndRetry(simulation, Number.POSITIVE_INFINITY),
};

/** The same, where the cancel must be over in less time than the look takes that it interrupts. */
export const cancelledAtOnce: Scenario = {
  name: 'a deployment that is cancelled at once and tried again',
  counted: cancelled,
  cancels: true,
  act: (simulation) => cancelAndRetry(simulation, 20),
};

async function cancelAndRetry(simulation: Simulation, mostSeconds: number): Promise<StatusResource> {
  const { clock } = simulation;
  const { id } = await simulation.start({ workspaceName });
  await simulation.until(() => countsIn(simulation).runs === 2);
  const runningMs = clock.now();
  await simulation.until(() => clock.now() >= runningMs + 5000);
  while (!(await simulation.post(`/api/deployments/${id}/cancel`, {})));
  const askedMs = clock.now();
  const { state } = await simulation.finish(id);
  const seconds = (clock.now() - askedMs) / 1000;
  if (state !== 'Cancelled' || seconds > mostSeconds)
    throw new Error(`the deployment that was cancelled ended as ${state} after ${seconds} s`);
  await askForNextAttempt(simulation, id, {});
  return simulation.finish(id);
}

/** Asks for the next attempt, again when a crash has taken the answer and the attempt shows that it was not carried out. */
async function askForNextAttempt(simulation: Simulation, id: string, body: object): Promise<void> {
  const { attempt } = await simulation.read(id);
  for (let tries = 0; tries < 3; tries++) {
    const answer = await simulation.post(`/api/deployments/${id}/retry`, body);
    if ((await simulation.read(id)).attempt > attempt) return;
    if (answer) throw new Error(`the retry was answered ${answer.status} ${await answer.text()}`);
  }
  throw new Error('the retry was never answered');
}

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
