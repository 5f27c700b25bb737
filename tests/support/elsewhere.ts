import type { OrchestrationHandler } from 'durable-functions';
import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import type { AppRegistry } from '../../local/host/core/appRegistry.ts';
import { collectRegistrations } from '../../local/host/core/functionsCore.ts';
import { randomFrom } from '../../local/kit/random.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const yearMs = 365 * 86_400_000;

/** Acts as on another machine at another time: other clock, time zone, settings and luck, which depend on the seed. */
export async function elsewhere<T>(seed: number, act: () => Promise<T>): Promise<T> {
  const random = randomFrom(seed);
  const settings = { TZ: 'UTC', ...process.env };
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + (0.1 + random()) * yearMs });
  const luck = vi.spyOn(Math, 'random').mockImplementation(random);
  for (const name of Object.keys(settings)) process.env[name] = `${random()}`;
  process.env['TZ'] = 'Pacific/Kiritimati';
  try {
    return await act();
  } finally {
    Object.assign(process.env, settings);
    luck.mockRestore();
    vi.useRealTimers();
  }
}

/** An app with these orchestrators alone. */
export const appOf = (orchestrators: Record<string, OrchestrationHandler>): Promise<AppRegistry> =>
  collectRegistrations(async () => {
    // Not before this host stands for the worker: the SDK looks for it once.
    const { app } = await import('durable-functions');
    for (const [name, handler] of Object.entries(orchestrators)) app.orchestration(name, handler);
  });

/** The orchestrators of these names from their sources, all of whose modules are loaded anew, in an order that depends on the seed. */
export async function loadedAnew(names: string[], seed: number): Promise<AppRegistry> {
  const random = randomFrom(seed);
  const files = globSync(['orchestrators/*.ts', 'domain/*.ts'], { cwd: root }).toSorted();
  const shuffled = files.map((file) => ({ file, at: random() })).toSorted((a, b) => a.at - b.at);
  const modules = new Map<string, Record<string, unknown>>();
  vi.resetModules();
  for (const { file } of shuffled)
    modules.set(basename(file, '.ts'), (await import(`${root}${file}`)) as Record<string, unknown>);
  return appOf(
    Object.fromEntries(names.map((name) => [name, modules.get(name)?.[name] as OrchestrationHandler] as const)),
  );
}
