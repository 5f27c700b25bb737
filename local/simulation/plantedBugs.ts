import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'esbuild';
import { buildApp } from '../setup/build.ts';
import { ground, root } from './ground.ts';

/** A mistake that somebody could make, as a change of the app's sources. */
export interface PlantedBug {
  name: string;
  /** Which cases of the sweeps should catch it: they are tried first. */
  caughtBy: RegExp;
  /** Texts of a source file, and what stands there instead; each must be there once. */
  edits: { file: string; find: string; replace: string }[];
}

export const plantedBugs: PlantedBug[] = [
  {
    name: 'a run is started without its idempotency token',
    caughtBy: /jobs\/run-now/,
    edits: [
      {
        file: 'activities/submitRun.ts',
        find: ', idempotency_token: idempotencyToken(deploymentId, attempt, stamp)',
        replace: '',
      },
    ],
  },
  {
    name: 'every attempt starts its run with the same token',
    caughtBy: /run-now/,
    edits: [
      {
        file: 'domain/ids.ts',
        find: '`${id}-${attempt}-${stamp}`;\n\n/** By what',
        replace: '`${id}`;\n\n/** By what',
      },
    ],
  },
  {
    name: 'a job is made without a look for the one that is there',
    caughtBy: /jobs\/create/,
    edits: [
      {
        file: 'activities/ensureJob.ts',
        find: 'let own = await findOwn(api, name, deploymentId);',
        replace: 'let own: string[] = [];',
      },
      { file: 'activities/ensureJob.ts', find: 'own = await findOwn(api, name, deploymentId);\n    //', replace: '//' },
    ],
  },
  {
    name: 'a warehouse is made without a look for the one that is there',
    caughtBy: /POST .*warehouses/,
    edits: [
      {
        file: 'activities/ensureWarehouse.ts',
        find: 'let own = await findOwn(api, deploymentId);',
        replace: 'let own: string[] = [];',
      },
      { file: 'activities/ensureWarehouse.ts', find: 'own = await findOwn(api, deploymentId);\n    //', replace: '//' },
    ],
  },
  {
    name: 'a Git folder that is there is not looked for',
    caughtBy: /POST .*repos/,
    edits: [
      {
        file: 'activities/ensureRepo.ts',
        find: '(await findSound(api, path, accelerator)) ?? ',
        replace: '',
      },
    ],
  },
  {
    name: 'a deployment has a random id',
    caughtBy: /commit [12] /,
    edits: [
      {
        file: 'domain/ids.ts',
        find: "sha256(parts.join('/').toLowerCase()).slice(0, idLength)",
        replace: 'sha256(String(Math.random())).slice(0, idLength)',
      },
    ],
  },
  {
    name: 'Retry-After is ignored',
    caughtBy: /Retry-After 30/,
    edits: [
      {
        file: 'clients/retryAfter.ts',
        find: 'return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;',
        replace: 'return seconds < 0 ? 0 : undefined;',
      },
    ],
  },
  {
    name: 'an orchestrator reads the clock of the machine',
    caughtBy: /commit/,
    edits: [{ file: 'orchestrators/flow.ts', find: 'this.ctx.df.currentUtcDateTime.getTime()', replace: 'Date.now()' }],
  },
  {
    name: 'a timer that has lost its race is not cancelled',
    caughtBy: /commit/,
    edits: [{ file: 'orchestrators/flow.ts', find: 'if (!timer.isCompleted) timer.cancel();', replace: '' }],
  },
  {
    name: 'a POST that cannot be repeated is repeated by the client',
    caughtBy: /jobs\/create is done/,
    edits: [
      {
        file: 'clients/databricks.ts',
        find: 'retryOptions: { maxRetries: 0 }',
        replace: 'retryOptions: { maxRetries: 3, retryDelayInMs: 1 }',
      },
      { file: 'activities/ensureJob.ts', find: 'own = await findOwn(api, name, deploymentId);\n    //', replace: '//' },
    ],
  },
];

/** Builds the app with a bug into a folder of its own and gives that; throws where the sources have no such place any more. */
export async function plant(bug: PlantedBug): Promise<string> {
  const { folder } = await ground();
  const appFolder = join(folder, `app-${plantedBugs.indexOf(bug)}`);
  mkdirSync(appFolder, { recursive: true });
  for (const file of ['package.json', 'host.json']) cpSync(join(root, file), join(appFolder, file));
  symlinkSync(join(root, 'node_modules'), join(appFolder, 'node_modules'));
  await buildApp({ outdir: join(appFolder, 'dist'), plugins: [edited(bug)] });
  return appFolder;
}

function edited({ name, edits }: PlantedBug): Plugin {
  const made = new Set<string>();
  return {
    name: 'planted bug',
    setup(build) {
      for (const file of new Set(edits.map((edit) => edit.file))) {
        const path = join(root, file);
        build.onLoad({ filter: new RegExp(`${file.replaceAll('.', '\\.')}$`) }, (args) => {
          if (args.path !== path) return undefined;
          let contents = readFileSync(path, 'utf8');
          for (const { find, replace } of edits.filter((edit) => edit.file === file)) {
            if (contents.split(find).length !== 2) throw new Error(`${name}: ${file} does not have once: ${find}`);
            contents = contents.replace(find, () => replace);
          }
          made.add(file);
          return { contents, loader: 'ts' };
        });
      }
      build.onEnd(() => {
        for (const { file } of edits) if (!made.has(file)) throw new Error(`${name}: ${file} is not part of the app`);
      });
    },
  };
}
