import type { Log } from '../log.ts';
import type { AppRegistry } from './appRegistry.ts';
import type { HostConfig } from './hostConfig.ts';

const validName = /^(?!host$)[a-z][\w-]{0,127}$/i;

/** The app without functions that the real host would leave out: badly named, switched off, or not asked for. */
export function servedFunctions(app: AppRegistry, { functions }: HostConfig, log: Log): AppRegistry {
  return app.only(({ name }) => {
    if (functions && !functions.includes(name.toLowerCase())) return false;
    if (validName.test(name)) return !isDisabled(name);
    const message = `"${name}" is no valid name of a function: the function is not served.`;
    log({ level: 'error', category: 'host', message, functionName: name });
    return false;
  });
}

// Dots are not allowed in names of variables everywhere, so there are two spellings.
function isDisabled(name: string): boolean {
  const value = process.env[`AzureWebJobs.${name}.Disabled`] ?? process.env[`AzureWebJobs__${name}__Disabled`];
  return /^(1|true)$/i.test(value ?? '');
}
