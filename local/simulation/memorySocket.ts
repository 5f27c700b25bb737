import { Duplex } from 'node:stream';

/** One end of a connection within this process: what is written to it is read at the other. */
export class MemorySocket extends Duplex {
  #peer: MemorySocket | undefined;
  #ended = false;
  #wanted: (() => void) | undefined;

  /** Both ends of a new connection. */
  static pair(): [MemorySocket, MemorySocket] {
    const [one, other] = [new MemorySocket(), new MemorySocket()];
    one.#peer = other;
    other.#peer = one;
    return [one, other];
  }

  /** Breaks the connection off: both ends see at once that it is gone. */
  cut(): void {
    const peer = this.#peer;
    for (const end of [this, peer]) if (end && !end.destroyed) end.destroy(reset());
  }

  // What Node's HTTP asks of a socket of the operating system.
  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  override _read(): void {
    const wanted = this.#wanted;
    this.#wanted = undefined;
    wanted?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, written: (error?: Error | null) => void): void {
    const peer = this.#peer;
    if (!peer || peer.destroyed) return written(reset());
    if (peer.push(chunk)) written();
    else peer.#wanted = written;
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#ended = true;
    if (this.#peer && !this.#peer.destroyed) this.#peer.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const peer = this.#peer;
    if (peer && !peer.destroyed && !this.#ended) peer.destroy(reset());
    done(error);
  }
}

const reset = (): Error => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
