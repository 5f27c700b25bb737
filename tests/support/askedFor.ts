import { readFileSync } from 'node:fs';
import { storageInstanceId, watchInstanceId } from '../../domain/ids.ts';
import type { World } from './world.ts';

/** Types of history events by which an orchestration begins, asks for an activity, a child or a timer, and ends. */
const asking = new Set([0, 1, 4, 7, 10]);

const timer = '10';

/**
 * What the orchestrations of a deployment asked for, in their order: type of each such event, and name where it has one.
 * Looks that repeat after a pause stand there once: how many there are is a matter of moments.
 */
export function askedFor({ host }: World, id: string): Record<string, string[]> {
  const of = (instance: string): string[] =>
    withoutRepeatedLooks(
      host
        .history(instance)
        .filter(({ EventType: type }) => asking.has(type))
        .map(({ EventType: type, Name: name }) => (name ? `${type} ${name}` : String(type))),
    );
  return {
    deploy: of(id),
    waitForStorage: of(storageInstanceId(id, 1)),
    watchRun: of(watchInstanceId(id, 1)),
  };
}

function withoutRepeatedLooks(asked: string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < asked.length; i++) {
    if (asked[i] === timer && asked[i + 1] === kept.at(-1)) i++;
    else kept.push(asked[i] ?? '');
  }
  return kept;
}

/** What a version has asked for in the deployment of the tests in `tests/histories`. */
export const recorded = (version: string): unknown =>
  JSON.parse(readFileSync(new URL(`../histories/${version}.json`, import.meta.url), 'utf8'));
