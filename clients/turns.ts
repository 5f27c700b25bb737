/** A bucket of calls: how many it holds, and how many it regains each second. */
interface Bucket {
  size: number;
  perSecond: number;
}

/** Others draw on the same bucket, and this instance is not told of it at once. */
const ownShare = 0.9;
/** A turn that nobody has taken for so long after its time is given up: its deployment has been cancelled meanwhile. */
const patienceMs = 120_000;

/** Spreads calls over the time in which a bucket regains them: first come, first served. */
export class Turns {
  readonly #bucket: Bucket;
  readonly #now: () => number;
  readonly #queue = new Map<string, { calls: number; lateMs: number }>();
  #left: number;
  #leftAtMs: number;
  #open = 0;
  #answers = 0;

  constructor(bucket: Bucket, now: () => number = Date.now) {
    this.#bucket = bucket;
    this.#now = now;
    this.#left = bucket.size;
    this.#leftAtMs = now();
  }

  /** Seconds before the calls may begin: 0 for whoever has waited for its turn, or need not. */
  secondsBefore(key: string, calls: number): number {
    if (calls === 0 || this.#queue.has(key)) return 0;
    const nowMs = this.#now();
    let ahead = 0;
    for (const [other, turn] of this.#queue) {
      if (turn.lateMs < nowMs) this.#queue.delete(other);
      else ahead += turn.calls;
    }
    const perSecond = this.#bucket.perSecond * ownShare;
    if (ahead === 0 && this.#leftNow() - calls >= this.#bucket.perSecond) return 0;
    return (ahead + calls) / perSecond;
  }

  /** Keeps a turn for whoever comes back under this key after so many seconds. */
  queue(key: string, calls: number, seconds: number): void {
    this.#queue.set(key, { calls, lateMs: this.#now() + seconds * 1000 + patienceMs });
  }

  /** Begins the calls, and gives the function that ends them: what the other side has not answered is taken for not sent. */
  begin(key: string, calls: number): () => void {
    this.#queue.delete(key);
    this.#left = this.#leftNow() - calls;
    this.#open += calls;
    const answersBefore = this.#answers;
    return () => {
      this.#open -= calls;
      if (this.#answers === answersBefore) this.#left = Math.min(this.#bucket.size, this.#leftNow() + calls);
    };
  }

  /** What the other side says is left of the bucket; calls that are under way may not be in it. */
  told(left: number): void {
    this.#answers++;
    this.#left = left - this.#open;
    this.#leftAtMs = this.#now();
  }

  #leftNow(): number {
    const { size, perSecond } = this.#bucket;
    const nowMs = this.#now();
    this.#left = Math.min(size, this.#left + ((nowMs - this.#leftAtMs) / 1000) * perSecond);
    this.#leftAtMs = nowMs;
    return this.#left;
  }
}
