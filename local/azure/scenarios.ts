import * as v from 'valibot';
import { Router } from '../kit/router.ts';
import { ArmError } from './armError.ts';
import type { Collection } from '../kit/store.ts';

const name = v.pipe(v.string(), v.minLength(1));

/** Of a policy's assignment: its display name (the policy's when left out), and the message for what does not comply. */
const assigned = { assignment: v.optional(name), message: v.optional(name) };
const failedState = v.optional(v.picklist(['Failed', 'Canceled']), 'Failed');
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const scenario = v.variant('kind', [
  /** The creation of the workspace `name` (`*` for any) ends in this state with this error of the operation. */
  v.strictObject({
    kind: v.literal('workspaceFails'),
    name,
    code: name,
    message: name,
    state: failedState,
  }),
  /** The creation of the workspace `name` (`*` for any) never ends; `state` is what it is shown as meanwhile. */
  v.strictObject({ kind: v.literal('neverReady'), name, state: v.optional(name) }),
  /** The creation of the workspace `name` (`*` for any) takes this long; `state` is what it is shown as meanwhile. */
  v.strictObject({ kind: v.literal('workspaceSlow'), name, seconds: count, state: v.optional(name) }),
  /** Reads and lists miss the workspace or identity `name` (`*` for any) for this long after its creation. */
  v.strictObject({ kind: v.literal('notYetVisible'), name, seconds: count }),
  /** The policy of this display name forbids the workspace or identity `name` (`*` for any), with the reason of its assignment. */
  v.strictObject({ kind: v.literal('policyDenies'), name, policy: name, ...assigned }),
  /** A policy forbids every workspace and identity without this tag. */
  v.strictObject({
    kind: v.literal('policyRequiresTag'),
    tag: name,
    policy: v.optional(name, 'Require a tag on resources'),
    ...assigned,
  }),
  /** A lock forbids to delete the workspace or identity `name` (`*` for any), or a role assignment on such a workspace. */
  v.strictObject({ kind: v.literal('locked'), name }),
  /** Unity Catalog is on in the workspace `name` (`*` for any): its data outlive it unless the deletion is forced. */
  v.strictObject({ kind: v.literal('unityEnabled'), name }),
  /** The deletion of the workspace `name` (`*` for any) ends in this state after its acceptance, with this error of the operation. */
  v.strictObject({ kind: v.literal('deletionFails'), name, code: name, message: name, state: failedState }),
  /** The subscription has the resource provider `namespace` not registered. */
  v.strictObject({ kind: v.literal('providerNotRegistered'), namespace: name }),
  /** The quota `family` (by the name that Azure gives it) of cores has this limit, and so much of it is taken. */
  v.strictObject({
    kind: v.literal('quota'),
    family: name,
    limit: count,
    currentValue: v.optional(count, 0),
  }),
  /** The app lacks the role (by its name) that the configuration gives it. */
  v.strictObject({ kind: v.literal('roleMissing'), role: name }),
]);

/** Trouble that is agreed on beforehand; it lasts until the scenarios are cleared. */
export type Scenario = v.InferOutput<typeof scenario>;

/** `POST`, `GET` and `DELETE /__scenarios`. */
export function scenarioRoutes(scenarios: Collection<Scenario>): Router {
  const path = '/__scenarios';
  return new Router()
    .on('POST', path, ({ body }) => {
      const parsed = v.safeParse(scenario, body);
      if (!parsed.success) throw new ArmError(400, 'InvalidScenario', v.summarize(parsed.issues));
      scenarios.set(keyFor(parsed.output), parsed.output);
      return { status: 201, body: parsed.output };
    })
    .on('GET', path, () => ({ body: scenarios.values() }))
    .on('DELETE', path, () => {
      for (const each of scenarios.values()) scenarios.delete(keyFor(each));
      return { status: 204 };
    });
}

const keyFor = (scenario: Scenario): string => `${scenario.kind} ${subjectOf(scenario).toLowerCase()}`;

function subjectOf(scenario: Scenario): string {
  switch (scenario.kind) {
    case 'providerNotRegistered':
      return scenario.namespace;
    case 'quota':
      return scenario.family;
    case 'roleMissing':
      return scenario.role;
    case 'policyRequiresTag':
      return scenario.tag;
    default:
      return scenario.name;
  }
}

type NamedScenario =
  | 'workspaceFails'
  | 'neverReady'
  | 'workspaceSlow'
  | 'notYetVisible'
  | 'locked'
  | 'unityEnabled'
  | 'deletionFails';

/** The scenario of this kind that was agreed on for a workspace or an identity. */
export function scenarioFor<K extends NamedScenario>(
  scenarios: Collection<Scenario>,
  kind: K,
  workspace: string,
): Extract<Scenario, { kind: K }> | undefined {
  const found = scenarios.get(`${kind} ${workspace.toLowerCase()}`) ?? scenarios.get(`${kind} *`);
  return found as Extract<Scenario, { kind: K }> | undefined;
}

/** Whether reads are agreed not to show yet what was created then. */
export function isHidden(
  scenarios: Collection<Scenario>,
  { name, createdMs }: { name: string; createdMs: number },
  nowMs: number,
): boolean {
  const hidden = scenarioFor(scenarios, 'notYetVisible', name);
  return hidden !== undefined && nowMs < createdMs + hidden.seconds * 1000;
}

/** Throws `ScopeLocked` when the resource is agreed to be locked. */
export function requireUnlocked(scenarios: Collection<Scenario>, id: string, action: string): void {
  const name = id.split('/providers/')[1]?.split('/')[2] ?? '';
  if (!scenarioFor(scenarios, 'locked', name)) return;
  // Worded as in hashicorp/terraform-provider-azurerm issue 13274.
  const message = `The scope '${id}' cannot perform ${action} operation because following scope(s) are locked: '${id}'. Please remove the lock and try again.`;
  throw new ArmError(409, 'ScopeLocked', message);
}

export const isUnregistered = (scenarios: Collection<Scenario>, namespace: string): boolean =>
  scenarios.get(`providerNotRegistered ${namespace.toLowerCase()}`) !== undefined;

export const quotaFor = (
  scenarios: Collection<Scenario>,
  family: string,
): Extract<Scenario, { kind: 'quota' }> | undefined =>
  scenarios.get(`quota ${family.toLowerCase()}`) as Extract<Scenario, { kind: 'quota' }> | undefined;

/** Whether the app is agreed to lack the role of this name. */
export const isTakenAway = (scenarios: Collection<Scenario>, role: string): boolean =>
  scenarios.get(`roleMissing ${role.toLowerCase()}`) !== undefined;

/** Throws `MissingSubscriptionRegistration` when the namespace is agreed to be unregistered. */
export function requireRegistered(scenarios: Collection<Scenario>, namespace: string): void {
  if (!isUnregistered(scenarios, namespace)) return;
  const message = `The subscription is not registered to use namespace '${namespace}'. See https://aka.ms/rps-not-found for how to register subscriptions.`;
  const details = [{ code: 'MissingSubscriptionRegistration', message }];
  throw new ArmError(409, 'MissingSubscriptionRegistration', message, { details });
}
