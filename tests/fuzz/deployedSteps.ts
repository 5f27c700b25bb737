import { randomBytes, randomUUID } from 'node:crypto';
import { attemptMark } from '../../domain/ids.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { Owner } from '../../domain/resultQueries.ts';
import type { StatusResource } from '../../domain/status.ts';
import type { DeployInput, Deployment } from '../../domain/steps.ts';
import type { World } from '../support/world.ts';

/** A step of a deployment that has ended, to be performed again. */
export interface DeployedStep {
  /** With what is different from the first time. */
  name: string;
  perform: () => Promise<unknown>;
}

const taskScheduled = 4;
// They call nothing that is remote.
const inner = new Set(['report', 'signalInstance']);

type Known = Deployment & Record<string, unknown>;
type Perform = (input: object) => Promise<unknown>;

/**
 * The steps that a deployment has taken, and the look that a deletion would begin with. Again: with the same input, so that
 * each finds what it made. Anew: those that make something, for another deployment into the same workspace.
 */
export async function deployedSteps(world: World, { id, results }: StatusResource): Promise<DeployedStep[]> {
  const values = valuesOf(world, id);
  const known: Known = { ...(await inputOf(world, id)), ...resultsOf(values), results };
  const steps: DeployedStep[] = [];
  for (const name of [...values.keys(), 'readRemoval'].filter((one) => !inner.has(one))) {
    const module = (await import(`../../activities/${name}.ts`)) as Record<string, Perform>;
    const perform = module[name];
    if (!perform) throw new Error(`there is no activity ${name}`);
    steps.push({ name, perform: () => perform({ ...known, data: true }) });
    if (/^(?:ensure|register)/.test(name))
      steps.push({ name: `${name} (anew)`, perform: () => perform(renewed(known, name)) });
  }
  return steps;
}

/** What each activity gave at last, by its name. */
function valuesOf({ host }: World, id: string): Map<string, Record<string, unknown>> {
  const values = new Map<string, Record<string, unknown>>();
  for (const instance of [id, `${id}:storage:1`, `${id}:watch:1`]) {
    const events = host.history(instance);
    for (const { EventType, EventId, Name = '' } of events) {
      if (EventType !== taskScheduled) continue;
      const ended = events.find(({ TaskScheduledId, Result }) => TaskScheduledId === EventId && Result);
      const outcome = JSON.parse(ended?.Result ?? '{}') as Outcome<Record<string, unknown>>;
      values.set(Name, 'value' in outcome ? outcome.value : {});
    }
  }
  return values;
}

async function inputOf(world: World, id: string): Promise<Deployment & { at: string; owner: Owner }> {
  const answer = await world.call(`/runtime/webhooks/durabletask/instances/${id}`, { key: world.host.keys.durable });
  const { input } = (await answer.json()) as { input: DeployInput };
  const owner = { deployment: id, attempt: attemptMark(input.deployment) };
  return { ...input.deployment, at: new Date().toISOString(), owner };
}

const resultsOf = (values: Map<string, Record<string, unknown>>): Record<string, unknown> => ({
  identity: values.get('ensureIdentity'),
  workspace: values.get('readWorkspace'),
  repository: values.get('ensureRepo'),
  job: values.get('ensureJob'),
  runId: values.get('submitRun')?.['runId'],
  warehouse: values.get('ensureWarehouse'),
  endpoint: values.get('readWarehouse')?.['endpoint'],
});

/** The same for a deployment that has made nothing yet. */
function renewed(known: Known, step: string): object {
  const id = randomBytes(12).toString('hex');
  const inAzure = step === 'ensureIdentity' || step === 'ensureWorkspace';
  return {
    ...known,
    id,
    identity: { ...(known['identity'] as object), clientId: randomUUID() },
    accelerator: step === 'ensureRepo' ? { ...known.accelerator, name: `again-${id}` } : known.accelerator,
    request: inAzure ? { ...known.request, workspaceName: `dbw-${id.slice(0, 8)}` } : known.request,
  };
}
