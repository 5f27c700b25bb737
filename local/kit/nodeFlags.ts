/**
 * Node's argument for processes in which whole deployments pass in milliseconds: with V8's usual 16 MiB for what is young,
 * a fifth of their time goes into moving what is about to be garbage.
 */
export const youngGeneration = '--max-semi-space-size=32';
