import { parseArgs } from 'node:util';
import { buildApp } from '../setup/build.ts';
import { countOf, type KillsOptions, type KillsReport, realKills, type SoFar } from './realKills.ts';

const usage = `Usage: npm run soak:kills -- [--kills 200] [--in-flight 20] [--seed N] [--json]

Runs the function app on a host in a process of its own and kills that with SIGKILL at random moments, while so many deployments
are in flight on a quick local cloud. None may be lost, none may end otherwise, nothing may be there twice.
Exit code 1 when something was violated; the seed, which is printed, decides the moments.`;

const text = { type: 'string' } as const;
const most = 1e9;
const toldEveryMs = 5000;

/** Runs the command; gives its exit code: 0 when nothing was violated, 1 when something was, 2 for arguments that are wrong. */
async function soakKills(args: string[]): Promise<number> {
  const wanted = parse(args);
  if (typeof wanted === 'string') {
    console.error(`soak:kills: ${wanted}\n\n${usage}`);
    return 2;
  }
  if (wanted.help) {
    console.log(usage);
    return 0;
  }
  await buildApp();
  try {
    const report = await realKills({ ...wanted, onProgress: progress(wanted.kills) });
    if (process.stderr.isTTY) process.stderr.write('\n');
    console.log(wanted.json ? JSON.stringify(report, undefined, 2) : summary(report));
    return countOf(report.violations) > 0 ? 1 : 0;
  } catch (error) {
    console.error(`seed ${wanted.seed}: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

type Wanted = Pick<KillsOptions, 'kills' | 'inFlight' | 'seed'> & { json: boolean; help: boolean };

function parse(args: string[]): Wanted | string {
  try {
    const { values } = parseArgs({
      args,
      options: {
        kills: { ...text, default: '200' },
        'in-flight': { ...text, default: '20' },
        seed: { ...text, default: String(Date.now() % 1_000_000) },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const numberOf = (name: 'kills' | 'in-flight' | 'seed', least: number): number => {
      const number = values[name].trim() === '' ? Number.NaN : Number(values[name]);
      if (Number.isInteger(number) && number >= least && number <= most) return number;
      throw new Error(`--${name} "${values[name]}" is no whole number from ${least} to ${most}.`);
    };
    const { json, help } = values;
    return { kills: numberOf('kills', 1), inFlight: numberOf('in-flight', 1), seed: numberOf('seed', 0), json, help };
  } catch (error) {
    return (error as Error).message;
  }
}

/** Tells how far it is: a line that is written over in a terminal, elsewhere one every few seconds. On stderr, so that stdout is the result alone. */
function progress(all: number): (soFar: SoFar) => void {
  const { stderr } = process;
  let toldMs = Date.now();
  return ({ kills, finished, checked, violations }) => {
    const line = `${kills} of ${all} kills, ${finished} deployments have ended, ${checked} are checked, ${violations} violations`;
    if (stderr.isTTY) stderr.write(`\r${line}`);
    else if (Date.now() - toldMs >= toldEveryMs) {
      toldMs = Date.now();
      stderr.write(`${line}\n`);
    }
  };
}

function summary(report: KillsReport): string {
  const { kills, whileStarting, inFlight, accepted, finished, violations, resumeSeconds, seed } = report;
  const { lost, doubled, other } = violations;
  const lines: [name: string, value: string][] = [
    ['Kills', `${kills}, ${whileStarting} of them while the host started; ${inFlight} deployments in flight at each`],
    ['Deployments', `${accepted} accepted, ${finished} ended`],
    ['Accepted and lost', String(lost.length)],
    ['With something twice', String(doubled.length)],
    ['Ended otherwise', String(other.length)],
    [
      'Kills that do harm',
      `at most ${Number((100 * report.upperBound).toPrecision(2))} % (95 % confidence; ${countOf(violations)} seen)`,
    ],
    [
      'Resumed after',
      `${resumeSeconds.median.toFixed(2)} s (median), ${resumeSeconds.most.toFixed(2)} s at most, from process start to first call`,
    ],
    ['Seed', String(seed)],
  ];
  const table = lines.map(([name, value]) => `${name.padEnd(22)}${value}`);
  return [...[...lost, ...doubled, ...other].map((violation) => `VIOLATION ${violation}`), ...table].join('\n');
}

process.exit(await soakKills(process.argv.slice(2)));
