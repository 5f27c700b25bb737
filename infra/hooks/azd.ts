import { execFileSync } from 'node:child_process';

/** The variable that says that a hook itself deploys the template, because it has seen the function that receives events. */
export const subscribing = 'DEPLOYER_SUBSCRIBING';

/** An access token for Azure Resource Manager, of the person who runs azd. */
export function accessToken(): string {
  const said = execFileSync('azd', ['auth', 'token', '--output', 'json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return (JSON.parse(said) as { token: string }).token;
}

/** Deploys the template from within a hook, for a person to watch. */
export function provision(): void {
  execFileSync('azd', ['provision', '--no-prompt', ...onEnvironment()], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, [subscribing]: 'true' },
  });
}

const onEnvironment = (): string[] => ['--environment', setting('AZURE_ENV_NAME')];

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
  execFileSync('azd', ['env', 'set', name, value, ...onEnvironment()], { stdio: ['ignore', 'ignore', 'inherit'] });
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
