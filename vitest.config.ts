import { defineConfig } from 'vitest/config';
import { youngGeneration } from './local/kit/nodeFlags.ts';
import { FaultTable } from './tests/support/faultTable.ts';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    // The app's modules keep process-wide state (function registry, token cache), so each file has a process of its own.
    pool: 'forks',
    execArgv: [youngGeneration],
    globalSetup: ['tests/support/temporaryFolder.ts', 'tests/support/buildApp.ts', 'tests/support/installSpark.ts'],
    // The default leaves one of two cores idle.
    maxWorkers: 3,
    reporters: ['default', new FaultTable()],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
