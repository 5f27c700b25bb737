import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { NotebookRequest } from '../../local/databricks/notebooks/notebookRequest.ts';
import { playedCompute } from './support/playedDriver.ts';

const lakehouse = { tablesRoot: '/nonexistent', catalogs: ['main'] };

it('a warehouse goes on after lines of its process that are no answers, and keeps them in its log', async () => {
  const { compute, folder } = playedCompute(`
    console.log('Terminating due to java.lang.OutOfMemoryError: Java heap space');
    console.log('ready');
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id } = JSON.parse(line);
      for (const other of ['null', '7', '{"id":', '']) console.log(other);
      console.log(JSON.stringify({ id, columns: [{ name: 'a', type: 'int' }] }));
      console.log(JSON.stringify({ id, rows: [[1]] }));
      console.log(JSON.stringify({ id, end: 'done' }));
    });`);
  const warehouse = compute.startWarehouse({ ...lakehouse, warehouseId: 'w', folder });
  onTestFinished(() => warehouse.stop());
  await warehouse.ready;
  const outcome = await warehouse.execute({ text: 'SELECT 1 AS a', parameters: [] }).outcome;
  expect(outcome).toEqual({ columns: [{ name: 'a', type: 'int' }], rows: [[1]] });
  expect(existsSync(join(folder, 'tmp'))).toBe(true);
  await warehouse.stop();
  expect(existsSync(join(folder, 'tmp'))).toBe(false);
  expect(readFileSync(join(folder, 'driver.log'), 'utf8')).toContain('Java heap space\n');
});

it('a warehouse takes rows with every kind of line separator in them, in whatever pieces they come', async () => {
  const { compute, folder } = playedCompute(`
    console.log('ready');
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id } = JSON.parse(line);
      const bytes = Buffer.from(JSON.stringify({ id, rows: [['a\\u2028b\\u2029c\\u0085d']] }) + '\\n');
      let at = 0;
      const next = () => {
        if (at < bytes.length) process.stdout.write(bytes.subarray(at, ++at), () => setImmediate(next));
        else console.log(JSON.stringify({ id, end: 'done' }));
      };
      next();
    });`);
  const warehouse = compute.startWarehouse({ ...lakehouse, warehouseId: 'w', folder });
  onTestFinished(() => warehouse.stop());
  const outcome = await warehouse.execute({ text: 'SELECT text', parameters: [] }).outcome;
  expect(outcome).toEqual({ columns: [], rows: [['a\u2028b\u2029c\u0085d']] });
});

it('a notebook that cannot be started has lost its driver, with the reason', async () => {
  const { compute, folder } = playedCompute(`
    console.log('ready');
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const [word, notebook] = line.split(' ');
      console.log(word + 'ed ' + notebook + ' 1 secret');
    });`);
  const cluster = compute.startCluster({ ...lakehouse, clusterId: 'c', sparkVersion: '15.4.x', folder });
  onTestFinished(() => cluster.stop());
  const request = {
    runId: '5',
    logFolder: join(folder, 'absent', '5'),
    caFile: '/nonexistent',
    sparkVersion: '15.4.x',
  };
  expect(await cluster.start(request as NotebookRequest).outcome).toEqual({
    driverLost: true,
    error: expect.stringContaining('ENOENT'),
  });
});

it('a notebook that is cancelled while it leaves its driver ends all the same', async () => {
  const { compute, folder } = playedCompute(`
    const { appendFileSync, existsSync } = require('node:fs');
    console.log('ready');
    const detached = [];
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const [word, notebook] = line.split(' ');
      if (word === 'attach') console.log('attached ' + notebook + ' 1 secret');
      if (word === 'detach') detached.push(notebook);
      appendFileSync('commands', line + '\\n');
    });
    setInterval(() => {
      if (existsSync('answer')) for (const notebook of detached.splice(0)) console.log('detached ' + notebook);
    }, 10);`);
  const cluster = compute.startCluster({ ...lakehouse, clusterId: 'c', sparkVersion: '15.4.x', folder });
  onTestFinished(() => cluster.stop());
  await cluster.ready;
  const commands = join(folder, 'commands');
  const logFolder = join(folder, 'logs', '5');
  mkdirSync(logFolder, { recursive: true });
  const caFile = join(folder, 'authority.pem');
  writeFileSync(caFile, '');
  const request = { runId: '5', logFolder, caFile, sparkVersion: '15.4.x' };
  const notebook = cluster.start(request as NotebookRequest);
  const asked = (): string => (existsSync(commands) ? readFileSync(commands, 'utf8') : '');
  await expect.poll(asked, { timeout: 15_000 }).toContain('detach 5');
  notebook.cancel();
  appendFileSync(join(folder, 'answer'), '');
  expect(await notebook.outcome).toHaveProperty('error');
});
