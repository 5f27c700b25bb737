import { join } from 'node:path';

/** Lets Python and JAX keep what they compile in a folder, and find it again: half of the notebooks' work is compiling. */
export const keepCompiled = (folder: string): Record<string, string> => ({
  PYTHONPYCACHEPREFIX: folder,
  JAX_COMPILATION_CACHE_DIR: join(folder, 'jax'),
  JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS: '0',
  JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES: '-1',
});

// What Python, pip and native libraries need of this process's environment; the rest is nothing to a notebook.
const kept = /^(PATH|HOME|USER|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|SYSTEMROOT|PIP_\w+|UV_\w+|https?_proxy)$/i;

/** The environment that a cluster's notebooks and its Python workers have in common. */
export function pythonEnvironment(compiled: string): Record<string, string> {
  const inherited = Object.entries(process.env).filter(([name]) => kept.test(name)) as [string, string][];
  const direct = ['localhost,127.0.0.1', process.env['NO_PROXY'] ?? process.env['no_proxy'] ?? []].flat().join(',');
  const threads = ['OMP', 'OPENBLAS', 'MKL', 'NUMEXPR', 'VECLIB_MAXIMUM'].map(
    (library) => [`${library}_NUM_THREADS`, '1'] as const,
  );
  return {
    // One thread a run, so that two runs fit on two cores.
    ...Object.fromEntries([...inherited, ...threads]),
    XLA_FLAGS: '--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1',
    JAX_PLATFORMS: 'cpu',
    ...keepCompiled(compiled),
    NO_PROXY: direct,
    no_proxy: direct,
  };
}
