import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Turns } from '../../clients/turns.ts';
import { VirtualClock } from '../../local/kit/clock.ts';
import { TokenBuckets } from '../../local/kit/tokenBuckets.ts';

const bucket = { size: 250, perSecond: 25 };

interface World {
  clock: VirtualClock;
  turns: Turns;
  /** What is left on the other side, and how many calls it has refused. */
  refused: number;
  /** Somebody comes with so many calls, now and when its turn has come; told when they have been made. */
  come: (key: string, calls: number, done?: (seconds: number) => void) => void;
}

function startWorld(): World {
  const clock = new VirtualClock(0);
  const theirs = new TokenBuckets(clock);
  const turns = new Turns(bucket, () => clock.now());
  const world: World = {
    clock,
    turns,
    refused: 0,
    come(key, calls, done) {
      const seconds = turns.secondsBefore(key, calls);
      if (seconds > 0) {
        turns.queue(key, calls, seconds);
        clock.setTimer(clock.now() + seconds * 1000, () => world.come(key, calls, done));
        return;
      }
      const end = turns.begin(key, calls);
      for (let call = 0; call < calls; call++) if (theirs.take('', bucket) > 0) world.refused++;
      turns.told(Math.floor(theirs.left('', bucket)));
      end();
      done?.(clock.now() / 1000);
    },
  };
  return world;
}

describe('turns', () => {
  test('let calls through at once while there is room', () => {
    const { turns, come } = startWorld();
    const done: number[] = [];
    for (let each = 0; each < 25; each++) come(`step ${each}`, 8, (seconds) => done.push(seconds));
    expect(done).toEqual(Array.from({ length: 25 }, () => 0));
    expect(turns.secondsBefore('one more', 40)).toBeGreaterThan(0);
  });

  test('spread a burst so that nothing of it is refused, in little more time than the bucket needs', () => {
    fc.assert(
      fc.property(fc.integer({ min: 30, max: 300 }), fc.integer({ min: 1, max: 8 }), (count, calls) => {
        const world = startWorld();
        const done: number[] = [];
        for (let each = 0; each < count; each++) world.come(`step ${each}`, calls, (seconds) => done.push(seconds));
        world.clock.advance(3_600_000);
        expect(world.refused).toBe(0);
        expect(done).toHaveLength(count);
        const needed = Math.max(0, (count * calls - bucket.size) / bucket.perSecond);
        expect(Math.max(...done)).toBeLessThan(1.2 * needed + 3);
      }),
      { numRuns: 30 },
    );
  });

  test('serve first who came first, and whoever comes later after those who wait', () => {
    const { clock, come } = startWorld();
    const order: string[] = [];
    const note = (key: string) => (): void => void order.push(key);
    for (let each = 0; each < 60; each++) come(`early ${each}`, 8, note(`early ${each}`));
    clock.advance(2000);
    come('late', 8, note('late'));
    clock.advance(60_000);
    expect(order).toEqual([...Array.from({ length: 60 }, (_, each) => `early ${each}`), 'late']);
  });

  test('believe what the other side says is left, of which others may have taken', () => {
    const { turns } = startWorld();
    turns.told(3);
    expect(turns.secondsBefore('step', 8)).toBeGreaterThan(0);
    turns.told(249);
    expect(turns.secondsBefore('step', 8)).toBe(0);
  });

  test('take calls that are under way for calls that the other side has not counted yet', () => {
    const { turns } = startWorld();
    const ends = Array.from({ length: 20 }, (_, each) => turns.begin(`step ${each}`, 8));
    turns.told(180);
    expect(turns.secondsBefore('one more', 8)).toBeGreaterThan(0);
    for (const end of ends) end();
    turns.told(180);
    expect(turns.secondsBefore('one more', 8)).toBe(0);
  });

  test('give back calls that have never been answered', () => {
    const { turns } = startWorld();
    for (let each = 0; each < 100; each++) turns.begin(`step ${each}`, 8)();
    expect(turns.secondsBefore('one more', 8)).toBe(0);
  });

  test('give up a turn that nobody takes', () => {
    const { clock, turns } = startWorld();
    turns.told(0);
    turns.queue('cancelled', 100, 4);
    expect(turns.secondsBefore('step', 1)).toBeGreaterThan(4);
    clock.advance(5 * 60_000);
    expect(turns.secondsBefore('step', 1)).toBe(0);
  });
});
