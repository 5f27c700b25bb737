import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HistoryEvent } from '../../local/host/durable/protocol.ts';
import { elsewhere, loadedAnew } from '../support/elsewhere.ts';
import { answerOf, builtApp, type Episode, historiesOf, watchEpisodes } from '../support/episodes.ts';
import { recordedHistories, recordHistories, whatToDo } from '../support/recordedHistories.ts';
import { replayed, withEnd } from '../support/replayed.ts';
import { signatureOf } from '../support/signature.ts';
import { startWorld } from '../support/world.ts';
import { paths, worldOfPaths } from './paths.ts';

const world = await startWorld(worldOfPaths);
afterAll(() => world.close());
const app = await builtApp();
const seen = watchEpisodes(app);
const { defaultVersion: version } = (
  JSON.parse(readFileSync(new URL('../../host.json', import.meta.url), 'utf8')) as {
    extensions: { durableTask: { defaultVersion: string } };
  }
).extensions.durableTask;

/** `RECORD_HISTORIES=1`: records the paths of which the present version has no record yet. */
const records = process.env['RECORD_HISTORIES'] === '1';
const unrecorded = `Version ${version} has no record of this path: RECORD_HISTORIES=1 npm test -- tests/histories makes it.`;

const status = /^(?:Running|Completed|Failed|ContinuedAsNew)$/;

describe.each(Object.entries(paths))('F17: of the present version, the path %s', (name, go) => {
  let episodes: Episode[];
  let histories: HistoryEvent[][];
  beforeAll(async () => {
    const before = seen.length;
    const id = await go(world);
    episodes = seen.slice(before);
    histories = historiesOf(episodes, id);
  });

  test('asks for what was recorded of that version', async () => {
    const ended = await Promise.all(histories.map((history) => withEnd(app, history)));
    if (records && !recordedHistories(version, name)) recordHistories(version, name, ended);
    const known = recordedHistories(version, name);
    expect(known, unrecorded).toBeDefined();
    expect(ended.map(signatureOf), whatToDo).toEqual(known?.map(signatureOf));
  });

  test('asks for nothing else when its histories are replayed from their beginnings', async () => {
    for (const history of histories)
      expect(await replayed(app, history)).toEqual({ ends: expect.stringMatching(status) as string, asksFor: [] });
  });

  test('asks for the same at every step on another machine, at another time, with its modules loaded in another order', async () => {
    const names = [...new Set(episodes.map(({ orchestrator }) => orchestrator))];
    const anew = await loadedAnew(names, 1);
    for (const [seed, other] of [app, anew].entries())
      await elsewhere(seed, async () => {
        for (const episode of episodes) expect(await answerOf(other, episode)).toBe(episode.answer);
      });
  });
});
