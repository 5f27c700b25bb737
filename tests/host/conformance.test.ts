import { availableParallelism } from 'node:os';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Deviation } from './conformance/deviations.ts';
import { deviations, notReplayed } from './conformance/deviations.ts';
import type { Comparison } from './conformance/replayTrace.ts';
import { replayTrace } from './conformance/replayTrace.ts';
import { readTrace, traceFolder, traceNames } from './conformance/trace.ts';
import { startProbeHost } from './probeHost.ts';

// What is left out of every comparison: times, ids, keys, addresses, stacks of .NET and of the handler inside a failure's
// details, the names in "known orchestrator functions", Newtonsoft's words about bad JSON, and which messages shared a step.
const names = traceNames();
const replayed = names.filter((name) => !(name in notReplayed));

if (names.length === 0)
  console.warn(`CONFORMANCE IS NOT CHECKED: the recordings of the real host are missing (${traceFolder}).`);

describe.skipIf(names.length === 0)('the probe app behaves as on the real host', () => {
  const results = new Map<string, Comparison[]>();

  beforeAll(async () => {
    const waiting = [...replayed];
    const replayNext = async (): Promise<void> => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
        results.set(name, await replay(name));
    };
    // Most of the time goes into the waits of the recorded scenarios, so many can go side by side.
    await Promise.all(Array.from({ length: 8 * availableParallelism() }, replayNext));
  }, 240_000);

  test.each(replayed)('%s', (name) => {
    const listed = deviations[name] ?? [];
    const comparisons = results.get(name) ?? [];
    expect(comparisons.length).toBeGreaterThan(0);
    const compared = comparisons.filter(({ label }) => isCompared(deviationOf(listed, label)));
    const view = (label: string, value: unknown): [string, unknown] => [
      label,
      deviationOf(listed, label) ? sorted(value) : value,
    ];
    expect(Object.fromEntries(compared.map(({ label, ours }) => view(label, ours)))).toEqual(
      Object.fromEntries(compared.map(({ label, recorded }) => view(label, recorded))),
    );
  });

  test('every listed deviation still is one', () => {
    const stale = Object.entries(deviations).flatMap(([name, listed]) =>
      listed
        .filter((one) => !one.chance)
        .filter(
          (one) =>
            !(results.get(name) ?? []).some((comparison) => one.labels.test(comparison.label) && differs(comparison)),
        )
        .map(({ reason }) => `${name}: ${reason}`),
    );
    expect(stale).toEqual([]);
  });

  test('every recording that is not replayed exists', () => {
    expect(Object.keys(notReplayed).filter((name) => !names.includes(name))).toEqual([]);
  });
});

async function replay(name: string): Promise<Comparison[]> {
  const host = await startProbeHost();
  const listed = deviations[name] ?? [];
  const comparisons = await replayTrace(host, readTrace(name), (comparison) => {
    const deviation = deviationOf(listed, comparison.label);
    if (!isCompared(deviation)) return true;
    const view = deviation ? sorted : (value: unknown) => value;
    return JSON.stringify(view(comparison.ours)) === JSON.stringify(view(comparison.recorded));
  });
  await host.stop();
  return comparisons;
}

function deviationOf(listed: readonly Deviation[], label: string): Deviation | undefined {
  return listed.find(({ labels }) => labels.test(label));
}

function isCompared(deviation: Deviation | undefined): boolean {
  return !deviation || deviation.chance === 'order';
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(sorted);
    return items.sort((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, sorted(one)]));
}

function differs({ recorded, ours }: Comparison): boolean {
  return JSON.stringify(recorded) !== JSON.stringify(ours);
}
