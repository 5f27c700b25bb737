import type { ApiReply } from '../kit/router.ts';

/** What a rule does to the requests that it fits. */
export interface FaultRule {
  /** `GET`, `POST`, … or `*`. */
  method: string;
  /** Path with `*` for anything, compared without regard to case: `/api/2.2/jobs/*`; a Thrift call is `<path>#FetchResults`. */
  path: string;
  /** Requests with this text in their `user-agent` do not fit. */
  spares?: string;
  /** Fitting requests let through before the fault starts. */
  skip?: number;
  /** Requests that get the fault; 1 when left out. */
  times?: number;
  /** Instead of `times`: how long requests get the fault, from the first one that does. */
  seconds?: number;
  /** Waits this long before the request is handled. */
  latencyMs?: number;
  /** Answers with this status (and headers, body) instead of the handler's answer. */
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
  /** Makes another answer of the handler's; only a rule that is added in this process can have it. */
  rewrite?: (reply: ApiReply) => ApiReply;
  /** Cuts the connection instead of answering. */
  reset?: boolean;
  /** Answers as it should, and cuts the connection in the middle of the body. */
  half?: boolean;
  /** `after`: the handler runs first, so its effect happens and only the reply is lost. `before` when left out. */
  when?: 'before' | 'after';
}

/** A request, as the rules see it. */
interface Subject {
  method: string;
  path: string;
  userAgent: string;
  nowMs: number;
}

interface ActiveRule extends FaultRule {
  id: number;
  seen: number;
  used: number;
  /** When it struck first. */
  sinceMs?: number;
}

/** The fault rules of one server: set over HTTP at `/__faults`, applied outside its handlers. */
export class Faults {
  readonly #rules: ActiveRule[] = [];
  #nextId = 1;

  add(rule: FaultRule): ActiveRule {
    const active = { ...rule, id: this.#nextId++, seen: 0, used: 0 };
    this.#rules.push(active);
    return active;
  }

  clear(): void {
    this.#rules.length = 0;
  }

  list(): readonly ActiveRule[] {
    return this.#rules;
  }

  /** The first rule that is due for this request; asking uses it up by one. */
  take({ method, path, userAgent, nowMs }: Subject): FaultRule | undefined {
    for (const rule of this.#rules) {
      if (!fits(rule, method, path) || (rule.spares && userAgent.includes(rule.spares))) continue;
      rule.seen++;
      if (rule.seen <= (rule.skip ?? 0) || isSpent(rule, nowMs)) continue;
      rule.used++;
      rule.sinceMs ??= nowMs;
      return rule;
    }
    return undefined;
  }
}

function isSpent({ seconds, sinceMs, used, times = 1 }: ActiveRule, nowMs: number): boolean {
  if (seconds === undefined) return used >= times;
  return sinceMs !== undefined && nowMs >= sinceMs + seconds * 1000;
}

function fits(rule: FaultRule, method: string, path: string): boolean {
  if (rule.method !== '*' && rule.method.toUpperCase() !== method) return false;
  const source = rule.path.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${source.join('.*')}$`, 'i').test(path.replace(/\/{2,}/g, '/'));
}
