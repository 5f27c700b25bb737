import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sparkCompute } from '../databricks/spark/sparkCompute.ts';
import { ensureSpark } from '../setup/spark.ts';
import { demoLatencies } from './demoLatencies.ts';
import { startCloud } from './startCloud.ts';

const { values } = parseArgs({
  options: { data: { type: 'string' }, 'azure-port': { type: 'string' }, 'identity-port': { type: 'string' } },
});
if (!values.data) {
  console.error('Usage: node local/cloud/main.ts --data <folder> [--azure-port <n>] [--identity-port <n>]');
  process.exit(2);
}

/** A cloud on this machine whose waits are seconds and whose notebooks really run; says `ready` and its settings on one line. */
const cloud = await startCloud({
  folder: values.data,
  repository: fileURLToPath(new URL('../..', import.meta.url)),
  compute: sparkCompute(await ensureSpark()),
  latencies: demoLatencies,
  azurePort: Number(values['azure-port'] ?? 0),
  identityPort: Number(values['identity-port'] ?? 0),
});
console.log(`ready ${JSON.stringify(cloud.settings)}`);

const stop = (): void => void cloud.close().then(() => process.exit(0));
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
