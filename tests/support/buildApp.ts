import { buildApp } from '../../local/setup/build.ts';

/** Bundles the app once before the tests, so that they load what is deployed. */
export async function setup(): Promise<void> {
  await buildApp();
}
