import { enableCompileCache } from 'node:module';

// Halves the start: the sources of the host and of the app's libraries need not be compiled again.
enableCompileCache();
const { runCommand } = await import('./runCommand.ts');
await runCommand(process.argv.slice(2));
