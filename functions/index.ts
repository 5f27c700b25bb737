import { app, type InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { asActivity } from '../activities/asActivity.ts';
import { assignRole } from '../activities/assignRole.ts';
import { cancelRuns } from '../activities/cancelRuns.ts';
import { checkCompute } from '../activities/checkCompute.ts';
import { checkSubscription } from '../activities/checkSubscription.ts';
import { ensureIdentity } from '../activities/ensureIdentity.ts';
import { ensureJob } from '../activities/ensureJob.ts';
import { ensureRepo } from '../activities/ensureRepo.ts';
import { ensureWorkspace } from '../activities/ensureWorkspace.ts';
import { ensureWarehouse } from '../activities/ensureWarehouse.ts';
import { findChildRun } from '../activities/findChildRun.ts';
import { probeStorage } from '../activities/probeStorage.ts';
import { readRun } from '../activities/readRun.ts';
import { readWarehouse } from '../activities/readWarehouse.ts';
import { readWorkspace } from '../activities/readWorkspace.ts';
import { registerIdentity } from '../activities/registerIdentity.ts';
import { readManagedGroup } from '../activities/readManagedGroup.ts';
import { readRemoval } from '../activities/readRemoval.ts';
import { readRemovedWorkspace } from '../activities/readRemovedWorkspace.ts';
import { removeData } from '../activities/removeData.ts';
import { removeFolder } from '../activities/removeFolder.ts';
import { removeIdentity } from '../activities/removeIdentity.ts';
import { removeJobs } from '../activities/removeJobs.ts';
import { removePrincipal } from '../activities/removePrincipal.ts';
import { removeRole } from '../activities/removeRole.ts';
import { removeWarehouse } from '../activities/removeWarehouse.ts';
import { removeWorkspace } from '../activities/removeWorkspace.ts';
import { stopRuns } from '../activities/stopRuns.ts';
import { repairRun } from '../activities/repairRun.ts';
import { report } from '../activities/report.ts';
import { signalInstance } from '../activities/signalInstance.ts';
import { startWarehouse } from '../activities/startWarehouse.ts';
import { submitRun } from '../activities/submitRun.ts';
import { verifyResults } from '../activities/verifyResults.ts';
import * as steps from '../domain/steps.ts';
import { deploy } from '../orchestrators/deploy.ts';
import { destroy } from '../orchestrators/destroy.ts';
import { waitForStorage } from '../orchestrators/waitForStorage.ts';
import { watchRun } from '../orchestrators/watchRun.ts';
import { cancelDeployment } from './cancelDeployment.ts';
import { deleteDeployment } from './deleteDeployment.ts';
import { health } from './health.ts';
import { listDeployments } from './listDeployments.ts';
import { onSubscriptionEvent } from './onSubscriptionEvent.ts';
import { withProblems } from './problem.ts';
import { readDeployment, readStatusLink } from './readDeployment.ts';
import { retryDeployment } from './retryDeployment.ts';
import { startDeployment } from './startDeployment.ts';

const { http, eventGrid } = df.app.client;

http('startDeployment', {
  route: 'deployments',
  methods: ['POST'],
  authLevel: 'function',
  handler: withProblems(startDeployment, 'Deployer'),
});
http('listDeployments', {
  route: 'deployments',
  methods: ['GET'],
  authLevel: 'function',
  handler: withProblems(listDeployments, 'Reader'),
});
http('readDeployment', {
  route: 'deployments/{id}',
  methods: ['GET'],
  authLevel: 'function',
  handler: withProblems(readDeployment, 'Reader'),
});
http('cancelDeployment', {
  route: 'deployments/{id}/cancel',
  methods: ['POST'],
  authLevel: 'function',
  handler: withProblems(cancelDeployment, 'Deployer'),
});
http('retryDeployment', {
  route: 'deployments/{id}/retry',
  methods: ['POST'],
  authLevel: 'function',
  handler: withProblems(retryDeployment, 'Deployer'),
});
http('readStatusLink', {
  route: 'deployments/{id}/status',
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: withProblems(readStatusLink),
});
http('deleteDeployment', {
  route: 'deployments/{id}',
  methods: ['DELETE'],
  authLevel: 'function',
  handler: withProblems(deleteDeployment, 'Deployer'),
});
eventGrid('onSubscriptionEvent', { handler: onSubscriptionEvent });
app.http('health', { route: 'health', methods: ['GET'], authLevel: 'anonymous', handler: health });

df.app.orchestration('deploy', deploy);
df.app.orchestration('destroy', destroy);
df.app.orchestration('waitForStorage', waitForStorage);
df.app.orchestration('watchRun', watchRun);

activity(steps.checkSubscription, checkSubscription);
activity(steps.checkCompute, checkCompute);
activity(steps.ensureIdentity, ensureIdentity);
activity(steps.ensureWorkspace, ensureWorkspace);
activity(steps.readWorkspace, readWorkspace);
activity(steps.assignRole, assignRole);
activity(steps.probeStorage, probeStorage);
activity(steps.registerIdentity, registerIdentity);
activity(steps.ensureRepo, ensureRepo);
activity(steps.ensureJob, ensureJob);
activity(steps.submitRun, submitRun);
activity(steps.readRun, readRun);
activity(steps.findChildRun, findChildRun);
activity(steps.repairRun, repairRun);
activity(steps.cancelRuns, cancelRuns);
activity(steps.ensureWarehouse, ensureWarehouse);
activity(steps.startWarehouse, startWarehouse);
activity(steps.readWarehouse, readWarehouse);
activity(steps.verifyResults, verifyResults);
activity(steps.report, report);

activity(steps.readRemoval, readRemoval);
activity(steps.stopRuns, stopRuns);
activity(steps.removeData, removeData);
activity(steps.removeJobs, removeJobs);
activity(steps.removeFolder, removeFolder);
activity(steps.removeWarehouse, removeWarehouse);
activity(steps.removePrincipal, removePrincipal);
activity(steps.removeRole, removeRole);
activity(steps.removeWorkspace, removeWorkspace);
activity(steps.readRemovedWorkspace, readRemovedWorkspace);
activity(steps.readManagedGroup, readManagedGroup);
activity(steps.removeIdentity, removeIdentity);

clientActivity(steps.signalInstance, signalInstance);

type Perform<I, O> = (input: I, ctx: InvocationContext) => Promise<O>;

function activity<I extends object, O>(step: steps.Step<I, O>, perform: Perform<I, O>): void {
  df.app.activity(step.name, { handler: asActivity(step, perform) });
}

/** An activity that uses the durable client. */
function clientActivity<I extends object, O>(step: steps.Step<I, O>, perform: Perform<I, O>): void {
  df.app.activity(step.name, { handler: asActivity(step, perform), extraInputs: [df.input.durableClient()] });
}
