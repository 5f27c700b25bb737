import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { youngGeneration } from './local/kit/nodeFlags.ts';
import { FaultTable } from './tests/support/faultTable.ts';
import { LongestFirst } from './tests/support/longestFirst.ts';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    // The app's modules keep process-wide state (function registry, token cache), so each file has a process of its own.
    pool: 'forks',
    execArgv: [youngGeneration],
    globalSetup: ['tests/support/temporaryFolder.ts', 'tests/support/buildApp.ts', 'tests/support/installSpark.ts'],
    // One more than two cores, since many files wait for what starts: a cluster, a warehouse, a host.
    maxWorkers: Math.max(3, availableParallelism()),
    sequence: { sequencer: LongestFirst },
    reporters: ['default', new FaultTable()],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
