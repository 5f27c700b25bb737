/** A fault that the person who starts the host can mend; its message says how. */
export class HostError extends Error {
  override name = 'HostError';
}
