import { afterAll, describe, expect, test } from 'vitest';
import { type Failure, toFailure } from '../../domain/errors.ts';
import type { ApiServer } from '../../local/kit/server.ts';
import { fullSweep } from '../support/fullSweep.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { randomFrom } from '../../local/kit/random.ts';
import { findWorkspace } from '../../local/cloud/findWorkspace.ts';
import { startWorld } from '../support/world.ts';
import { type DeployedStep, deployedSteps } from './deployedSteps.ts';
import { type Malformation, ofFields, ofWhole, withMore } from './malformations.ts';
import { type StepCall, stepCalls } from './stepCalls.ts';
import { faultOf } from './typedFailure.ts';

const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
/** In full every answer is malformed in each way as a whole, and each of its fields in so many ways; else a part of that. */
const share = fullSweep ? 1 : 0.1;
const waysOfField = fullSweep ? 2 : 0.1;

const world = await startWorld({ script: quickScript, latencies: quickLatencies });
afterAll(() => world.close());

const reference = await world.deploy({ workspaceName: 'dbw-reference' });
const { arm, identity } = world.cloud.azure;
const workspace = findWorkspace(world.cloud, 'dbw-reference');
// The proof goes first, while its warehouse runs.
const steps = (await deployedSteps(world, reference)).toSorted((a, b) => rank(a) - rank(b));

function rank({ name }: DeployedStep): number {
  return name === 'verifyResults' ? 0 : 1;
}

type Outcome = { value: unknown } | { failure: Failure };

async function outcomeOf({ perform }: DeployedStep): Promise<Outcome> {
  // Resource Manager counts requests per second.
  world.clock.advance(300);
  try {
    return { value: await perform() };
  } catch (error) {
    return { failure: toFailure(error) };
  }
}

// The driver waits for the rest of a half Thrift message, by the machine's clock, until the client gives up on it.
const isSlow = ({ path }: StepCall, { name }: Malformation): boolean => path.includes('#') && /empty|breaks/.test(name);

function malformationsOf(call: StepCall, random: () => number): Malformation[] {
  const whole = ofWhole(call.reply).filter((one) => random() < share && (fullSweep || !isSlow(call, one)));
  const inFields = ofFields(call.reply).flatMap((ways) => ways.filter(() => random() < waysOfField / ways.length));
  return [...whole, ...inFields];
}

/** What is wrong with how a step takes a malformed answer. `isUndisturbed`: whether what it gives may go with garbage. */
function wrongIn(
  outcome: Outcome,
  { method }: StepCall,
  malformation: Malformation,
  isUndisturbed: (value: unknown) => boolean,
): string | undefined {
  if ('failure' in outcome) {
    const { failure } = outcome;
    if (malformation === withMore) return `minds fields that it does not know: ${failure.message}`;
    if (malformation.isGarbage && !failure.retryable) return `gives up: ${failure.code} ${failure.message}`;
    return faultOf(failure);
  }
  const { isGarbage = false } = malformation;
  return isGarbage && method === 'GET' && !isUndisturbed(outcome.value) ? 'takes it for an answer' : undefined;
}

async function wrongOf(step: DeployedStep, servers: ApiServer[]): Promise<string[]> {
  const random = randomFrom(seed);
  const usual = JSON.stringify(await outcomeOf(step));
  // A check that could not be made is a warning, or nothing where nothing depends on it.
  const isUndisturbed = (value: unknown): boolean =>
    step.name.startsWith('check') &&
    (JSON.stringify(value).includes('NOT_CHECKED') || usual === JSON.stringify({ value }));
  const wrong: string[] = [];
  const calls = await stepCalls(servers, () => outcomeOf(step));
  if (calls.length === 0) wrong.push('it calls nothing');
  for (const call of calls) {
    const { server, method, path, skip } = call;
    for (const malformation of malformationsOf(call, random)) {
      const rule = server.faults.add({ method, path, skip, rewrite: malformation.of });
      const fault = wrongIn(await outcomeOf(step), call, malformation, isUndisturbed);
      if (rule.used === 0) wrong.push(`${method} ${path} is not called`);
      if (fault) wrong.push(`${method} ${path} (${skip}) ${malformation.name}: ${fault}`);
      server.faults.clear();
    }
  }
  return wrong;
}

describe(`F15: whatever a remote call is answered, there is a value or a typed failure (FUZZ_SEED=${seed}) of`, () => {
  test.each(steps)('$name', { timeout: 600_000 }, async (step) => {
    expect(await outcomeOf(step)).toHaveProperty('value');
    expect(await wrongOf(step, [arm, workspace])).toEqual([]);
  });

  test('a step that needs a token', async () => {
    const step = steps.find(({ name }) => name === 'ensureIdentity');
    if (!step) throw new Error('there is no such step');
    expect(await wrongOf(step, [identity])).toEqual([]);
  });
});

test('every step of a deployment that calls anything is among them', () => {
  const names = steps.map(({ name }) => name);
  for (const name of ['checkSubscription', 'ensureRepo (anew)', 'submitRun', 'readRun', 'verifyResults', 'readRemoval'])
    expect(names).toContain(name);
  expect(names.length).toBeGreaterThan(20);
});
