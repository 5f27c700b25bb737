import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newInstance } from '../../local/host/durable/episodeCommit.ts';
import { eventRaised } from '../../local/host/durable/historyEvents.ts';
import { Store } from '../../local/host/durable/store.ts';

const item = { instanceId: 'i', executionId: 'e', taskId: 0, name: 'a', input: '1' };

test('messages come in the order of their times, and none before its time', () => {
  const store = new Store(':memory:');
  const add = (name: string, dueMs: number) =>
    store.addMessage({ instanceId: 'i', executionId: null, dueMs, event: eventRaised(name, '1', 0) });
  add('late', 30);
  add('first', 10);
  add('second', 10);
  expect(store.dueMessages('i', 20).map(({ event }) => event?.Name)).toEqual(['first', 'second']);
  expect(store.dueMessages('i', 30)).toHaveLength(3);
  store.close();
});

test('only the first completion of an activity counts', () => {
  const store = new Store(':memory:');
  const id = store.addActivity(item);
  expect(store.deleteActivity(id)).toBe(true);
  expect(store.deleteActivity(id)).toBe(false);
  store.close();
});

test('the same task of one execution cannot be scheduled twice', () => {
  const store = new Store(':memory:');
  store.addActivity(item);
  expect(() => store.addActivity(item)).toThrow('UNIQUE');
  store.close();
});

test('a transaction that throws leaves nothing behind', () => {
  const store = new Store(':memory:');
  const fail = () =>
    store.transaction(() => {
      store.addActivity(item);
      throw new Error('no');
    });
  expect(fail).toThrow('no');
  expect(store.activities()).toEqual([]);
  store.close();
});

test('an instance comes back from disk as it was', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'store-')), 'durable.db');
  const parent = {
    Name: 'p',
    OrchestrationInstance: { InstanceId: 'pi', ExecutionId: 'pe' },
    TaskScheduleId: 3,
    Version: null,
  };
  const instance = newInstance({ id: 'i', name: 'o', version: '1.0', input: '{"a":1}', parent, nowMs: 1234.5 });
  const store = new Store(file);
  store.putInstance(instance);
  store.appendHistory('i', 0, ['{"EventType":12}', '{"EventType":0}']);
  store.close();
  const again = new Store(file);
  expect(again.instance('i')).toEqual(instance);
  expect(again.history('i')).toEqual(['{"EventType":12}', '{"EventType":0}']);
  again.deleteInstance('i');
  expect(again.instances()).toEqual([]);
  expect(again.history('i')).toEqual([]);
  again.close();
});
