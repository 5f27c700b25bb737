import { startHostProcess } from '../stack/startStack.ts';
import { devFolder } from './devFolder.ts';

/** Starts the function app of `npm run dev` again after it was killed, until Ctrl-C. */
try {
  const host = await startHostProcess(devFolder);
  console.log(`Function app   ${host.ready}   process ${host.pid}`);
  process.on('SIGINT', () => void host.stop());
  process.on('SIGTERM', () => void host.stop());
  console.log(`The function app has ended (${await host.ended}).`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
