import { execFileSync } from 'node:child_process';

/** Runs azd on the environment of the hook and returns what it prints; what it complains of goes to the terminal. */
export const azd = (...args: string[]): string => run(args, 'pipe') ?? '';

/** Runs azd on the environment of the hook, for a person to watch. */
export const showAzd = (...args: string[]): void => void run(args, 'inherit');

const run = (args: string[], stdout: 'pipe' | 'inherit'): string | null =>
  execFileSync('azd', [...args, '--environment', setting('AZURE_ENV_NAME')], {
    encoding: 'utf8',
    stdio: ['ignore', stdout, 'inherit'],
  });

/** A value of the azd environment, which hooks have in theirs: given by a person, or an output of the template. */
export function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`The azd environment has no ${name}: run "azd provision" first.`);
  return value;
}

/** Whether a person, or a hook, has set it to true. */
export const isOn = (name: string): boolean => process.env[name]?.toLowerCase() === 'true';

/** The resource groups that the app may deploy into: given by a person, else its own. */
export function targetGroups(): [first: string, ...others: string[]] {
  const given = process.env['DEPLOYER_TARGET_RESOURCE_GROUPS'];
  const [first = setting('AZURE_RESOURCE_GROUP'), ...others] = given ? (JSON.parse(given) as string[]) : [];
  return [first, ...others];
}

/** Keeps a value for later commands, and for the rest of this one. */
export function keep(name: string, value: string): void {
  azd('env', 'set', name, value);
  process.env[name] = value;
}

/** Runs a hook as a program: what it throws is a sentence for a person, and stops azd. */
export async function runHook(hook: () => Promise<void> | void): Promise<void> {
  try {
    await hook();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
