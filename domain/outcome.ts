import { DeploymentError, type Failure } from './errors.ts';

/** What an activity or a child orchestration returns: error classes do not survive the durable boundary, plain data does. */
export type Outcome<T> = { value: T } | { failure: Failure };

/** The value; throws the failure as a `DeploymentError`. */
export function valueOf<T>(outcome: Outcome<T>): T {
  if ('failure' in outcome) throw DeploymentError.of(outcome.failure);
  return outcome.value;
}
