import type { Host } from '../../../local/host/startHost.ts';

/** What the recordings call things, and what they are called on the host under test. */
export class Names {
  readonly #ours = new Map<string, string>();
  readonly #address: string;

  constructor(host: Host) {
    this.learnKey('62JHzvZO3MB_ecQAf90mwQvCXhKiB7p9ayKi6-Dxw2LZAzFuexULSg==', host.keys.durable);
    this.learnKey('h_3j0yKxg9dOi86ninJ1Ff7PPOQaedHFUKz6qT8SL7fdAzFuGh61NA==', host.keys.master);
    this.learnKey('QLDp-dgdDahB0a1rA0ScArFyqCzxkfpQoKbEW0ZuVE4KAzFujskRUA==', host.keys.function);
    this.learnKey('2mzVztJS33IjZU9Bg5NmpJxfbOn0SvCkzIpJMFOakroDAzFux87_-g==', host.keys.eventGrid);
    this.#address = `127.0.0.1:${host.port}`;
  }

  /** A key may stand in a URL, with its equals signs encoded. */
  learnKey(recorded: string, ours: string): void {
    this.#ours.set(encodeURIComponent(recorded), ours);
    this.#ours.set(recorded, ours);
  }

  learn(recorded: string, ours: string): void {
    if (recorded !== ours) this.#ours.set(recorded, ours);
  }

  /** Text of the recording with our ids, keys and address. */
  translate(text: string): string {
    let result = text.replaceAll('127.0.0.1:7071', this.#address);
    for (const [recorded, ours] of this.#ours) result = result.replaceAll(recorded, ours);
    return result;
  }

  ourId(recorded: string): string {
    return this.#ours.get(recorded) ?? recorded;
  }

  /** A value without what differs from run to run: times, ids, keys, addresses, stacks. */
  mask(value: unknown): unknown {
    if (typeof value === 'string') return this.#maskText(value);
    if (Array.isArray(value)) return value.map((one) => this.mask(one));
    if (typeof value !== 'object' || value === null) return value;
    const isParserError = /Json(Reader|Serialization)Exception$/.test(
      String((value as Record<string, unknown>)['ExceptionType']),
    );
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => {
        // .NET's stacks and Newtonsoft's sentences about bad JSON are its own.
        if (name === 'StackTrace' || (name === 'ExceptionMessage' && isParserError)) return [name, '<text>'];
        return [name, this.mask(one)];
      }),
    );
  }

  #maskText(text: string): string {
    let result = text;
    for (const [recorded, ours] of this.#ours) result = result.replaceAll(recorded, '<id>').replaceAll(ours, '<id>');
    result = result
      .replaceAll(/localhost:\d+|127\.0\.0\.1:\d+/g, '<host>')
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)/g, '<time>')
      .replaceAll(/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}|\b[\da-f]{32}\b/g, '<id>')
      .replaceAll(/lst\d+|(?<=\bh)\d{13}|(?<=-)\d{13}/g, '<n>')
      .replace(/\{\\*"\$type[^]*$/, '<exception>')
      .replace(/StackTrace:[^]*$/, 'StackTrace: <text>')
      .replace(/known orchestrator functions: [^]*$/, 'known orchestrator functions: <names>');
    return result.length > 250 && /(.)\1{100}/.test(result) ? `<${result.slice(0, 20)}…>` : result;
  }
}
