import { build, type OutputFile, type Plugin } from 'esbuild';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Where to put the bundle, and what to do with sources on the way; nothing else than what is deployed when left out. */
interface BuildOptions {
  outdir?: string;
  plugins?: Plugin[];
}

/**
 * Bundles the function app into `dist/functions.mjs`, the file that `package.json` names as `main`, and `dist/chunks`:
 * what is imported at its first use stays out of the start.
 */
export async function buildApp({ outdir = join(root, 'dist'), plugins = [] }: BuildOptions = {}): Promise<void> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['functions/index.ts'],
    outdir,
    outExtension: { '.js': '.mjs' },
    entryNames: 'functions',
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    splitting: true,
    legalComments: 'none',
    external: [
      // The Functions worker serves this module itself and finds it only under its own name.
      '@azure/functions-core',
      // Native parts that the SQL driver can do without and that the app does not ask for.
      'lz4-napi',
      '@databricks/databricks-sql-kernel-*',
    ],
    // CommonJS dependencies use require() and __dirname, which an ES module does not have.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
    },
    define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' },
    plugins,
    logLevel: 'warning',
    write: false,
  });
  // A file that is as it was is left alone: a host that runs may be about to import it.
  for (const file of outputFiles) if (!isThere(file)) write(file);
  const made = new Set(outputFiles.map(({ path }) => path));
  for (const path of globSync(join(outdir, 'chunks/*.mjs'))) if (!made.has(path)) rmSync(path);
}

const isThere = ({ path, contents }: OutputFile): boolean => existsSync(path) && readFileSync(path).equals(contents);

function write({ path, contents }: OutputFile): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents);
}

if (import.meta.main) await buildApp();
