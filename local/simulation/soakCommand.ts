import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { youngGeneration } from '../kit/nodeFlags.ts';
import { buildApp } from '../setup/build.ts';
import type { SoakReport } from './soakWorker.ts';
import { upperBound } from './upperBound.ts';

const usage = `Usage: npm run soak -- [--runs 100] [--seed N] [--workers N] [--json]

Plays deployments in simulated time, each with the scenario, the waits and the none to five troubles of its seed: crashes of the
host, failing and lost requests, failures of clusters, tasks and statements. Each must end as if nothing had happened.
A seed that does not is printed; --runs 1 --seed <it> plays it again, exactly.`;

const text = { type: 'string' } as const;
const most = 1e9;

interface Wanted {
  runs: number;
  seed: number;
  workers: number;
}

/** Runs the command; gives its exit code: 0 when nothing was violated, 1 when something was, 2 for arguments that are wrong. */
async function soak(): Promise<number> {
  const given = parse();
  if (given === 'help') {
    console.log(usage);
    return 0;
  }
  if (typeof given === 'string') {
    console.error(`soak: ${given}\n\n${usage}`);
    return 2;
  }
  await buildApp();
  const startedMs = Date.now();
  const reports = await playAll(given);
  const wallSeconds = (Date.now() - startedMs) / 1000;
  const bad = reports.filter(({ violations }) => violations.length > 0);
  if (values.json) console.log(JSON.stringify({ ...given, ...summary(reports), wallSeconds, violated: bad }));
  else print(given, reports, bad, wallSeconds);
  return bad.length > 0 ? 1 : 0;
}

const { values } = parseArgs({
  options: {
    runs: { ...text, default: '100' },
    seed: { ...text, default: String(Date.now() % 1_000_000) },
    workers: { ...text, default: String(availableParallelism()) },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
  strict: false,
});

function parse(): Wanted | string {
  if (values.help) return 'help';
  const wanted = { runs: 1, seed: 0, workers: 1 };
  for (const name of ['runs', 'seed', 'workers'] as const) {
    const number = Number(values[name]);
    const least = name === 'seed' ? 0 : 1;
    if (!Number.isInteger(number) || number < least || number > most)
      return `--${name} ${String(values[name])} is no whole number from ${least} to ${most}`;
    wanted[name] = number;
  }
  return wanted;
}

function playAll({ runs, seed, workers }: Wanted): Promise<SoakReport[]> {
  const reports: SoakReport[] = [];
  const file = fileURLToPath(new URL('soakWorker.ts', import.meta.url));
  const count = Math.min(workers, runs);
  const children = Array.from({ length: count }, (_, i) =>
    fork(file, [seed + i, count, seed + runs].map(String), {
      execArgv: [youngGeneration],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    }),
  );
  const startedMs = Date.now();
  let saidMs = startedMs;
  return Promise.all(
    children.map((child) => {
      child.on('message', (report: SoakReport) => {
        reports.push(report);
        for (const violation of report.violations)
          console.error(`seed ${report.seed}, ${report.scenario}: ${violation}`);
        if (Date.now() - saidMs < 5000) return;
        saidMs = Date.now();
        const left = ((saidMs - startedMs) / reports.length / 1000) * (runs - reports.length);
        console.error(`${reports.length} of ${runs} runs, ${Math.ceil(left)} s left`);
      });
      return new Promise<void>((resolve, reject) => {
        child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a worker ended with ${code}`))));
      });
    }),
  ).then(() => reports.toSorted((a, b) => a.seed - b.seed));
}

function summary(reports: readonly SoakReport[]): Record<string, number> {
  const sum = (of: (report: SoakReport) => number): number => reports.reduce((total, one) => total + of(one), 0);
  const violated = reports.filter(({ violations }) => violations.length > 0).length;
  return {
    played: reports.length,
    violations: violated,
    upperBound: upperBound(violated, reports.length),
    troubles: sum(({ troubles }) => troubles),
    struck: sum(({ struck }) => struck),
    crashes: sum(({ crashes }) => crashes),
    simulatedHours: sum(({ seconds }) => seconds) / 3600,
  };
}

function print(
  { seed }: Wanted,
  reports: readonly SoakReport[],
  bad: readonly SoakReport[],
  wallSeconds: number,
): void {
  const { played = 0, upperBound: bound = 1, struck = 0, crashes = 0, simulatedHours = 0 } = summary(reports);
  console.log(
    `${played} runs from seed ${seed}: ${bad.length} with a violation, at most ${(100 * bound).toPrecision(2)} % at 95 %`,
  );
  console.log(`${struck} troubles have struck, ${crashes} of them crashes`);
  console.log(`${simulatedHours.toFixed(0)} hours of deployments in ${wallSeconds.toFixed(0)} s`);
  if (bad.length > 0) console.log(`seeds: ${bad.map((one) => one.seed).join(' ')}`);
}

process.exit(await soak());
