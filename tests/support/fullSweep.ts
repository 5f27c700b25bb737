/**
 * `SWEEP=full`, as in `.ci/run`, tries every fault on every call and every slow way in which a process can end; the usual run
 * some of them, so that it stays short.
 */
export const fullSweep = process.env['SWEEP'] === 'full';
