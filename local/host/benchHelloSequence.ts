import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHost } from './startHost.ts';

/** How many orchestrations of three activities each this machine brings to their ends per second, `count` started at once. */
export async function benchHelloSequence(count: number): Promise<{ perSecond: number }> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'bench-'));
  const host = await startHost({ appFolder: join(import.meta.dirname, 'benchApp'), dataFolder });
  try {
    const startedMs = performance.now();
    const ids = Array.from({ length: count }, () => host.start('helloSequence'));
    await host.idle();
    const seconds = (performance.now() - startedMs) / 1000;
    const unfinished = ids.filter((id) => !host.history(id).some((event) => event.OrchestrationStatus === 'Completed'));
    if (unfinished.length > 0) throw new Error(`${unfinished.length} of ${count} orchestrations did not complete.`);
    return { perSecond: count / seconds };
  } finally {
    await host.stop();
    rmSync(dataFolder, { recursive: true });
  }
}
