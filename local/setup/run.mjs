// Runs a program of this repository on Node 24 with the dependencies of the lockfile, installing both on first use.
// Plain JavaScript without dependencies, because it runs before either is there, on whatever Node the machine has (20 or newer).
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const oldestNode = 24;
const pinnedNode = join(
  root,
  'node_modules',
  `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`,
);

installModules();
const [program, ...args] = process.argv.slice(2);
const child = spawn(node(), [entry(program), ...args], { stdio: 'inherit', cwd: root, env: environment() });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));

/** Installs the lockfile's modules unless the stamp of the last installation still fits it. */
function installModules() {
  const stamp = join(root, 'node_modules', '.installed');
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(`${process.platform} ${process.arch}`)
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.error('Installing Node modules (once, about half a minute) …');
  const started = Date.now();
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (npm.status !== 0) {
    console.error(
      `npm ci failed (exit code ${npm.status}). Check the network or the npm registry setting, then run this again.`,
    );
    process.exit(1);
  }
  removeUnused();
  writeFileSync(stamp, wanted);
  console.error(`Node modules installed in ${Math.round((Date.now() - started) / 1000)} s.`);
}

/** Removes what only takes room: the pinned Node's C headers (70 MB), and the SQL driver's other backend (17 MB), which it loads on request only. */
function removeUnused() {
  rmSync(join(pinnedNode, 'include'), { recursive: true, force: true });
  const databricks = join(root, 'node_modules', '@databricks');
  for (const name of readdirSync(databricks).filter((name) => name.startsWith('databricks-sql-kernel-')))
    rmSync(join(databricks, name), { recursive: true, force: true });
}

/** This process's Node if it is new enough, else the one that the lockfile pins. */
function node() {
  if (Number(process.versions.node.split('.')[0]) >= oldestNode) return process.execPath;
  const binary = join(pinnedNode, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(binary)) return binary;
  console.error(
    `Node ${oldestNode} or newer is needed and npm has no pinned one for ${process.platform}-${process.arch}: install it, then run this again.`,
  );
  return process.exit(1);
}

/** A path is run as it is; a bare name is the program that the module of that name provides. */
function entry(name) {
  if (/\.(ts|mjs|js)$/.test(name)) return join(root, name);
  const manifest = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'));
  return join(
    root,
    'node_modules',
    name,
    typeof manifest.bin === 'string' ? manifest.bin : Object.values(manifest.bin)[0],
  );
}

/** Puts the chosen Node first in the path, so that programs started by name get the same one. */
function environment() {
  const separator = process.platform === 'win32' ? ';' : ':';
  return { ...process.env, PATH: `${dirname(node())}${separator}${process.env.PATH}` };
}
