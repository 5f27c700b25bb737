import type { ApiReply } from '../kit/router.ts';

/** What a rule does to the requests that it fits. */
export interface FaultRule {
  /** `GET`, `POST`, … or `*`. */
  method: string;
  /** Path with `*` for anything, compared without regard to case: `/api/2.2/jobs/*`; a Thrift call is `<path>#FetchResults`. */
  path: string;
  /** Fitting requests let through before the fault starts. */
  skip?: number;
  /** Requests that get the fault; 1 when left out. */
  times?: number;
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
  /** `after`: the handler runs first, so its effect happens and only the reply is lost. `before` when left out. */
  when?: 'before' | 'after';
}

interface ActiveRule extends FaultRule {
  id: number;
  seen: number;
  used: number;
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
  take(method: string, path: string): FaultRule | undefined {
    for (const rule of this.#rules) {
      if (!fits(rule, method, path)) continue;
      rule.seen++;
      if (rule.seen <= (rule.skip ?? 0) || rule.used >= (rule.times ?? 1)) continue;
      rule.used++;
      return rule;
    }
    return undefined;
  }
}

function fits(rule: FaultRule, method: string, path: string): boolean {
  if (rule.method !== '*' && rule.method.toUpperCase() !== method) return false;
  const source = rule.path.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${source.join('.*')}$`, 'i').test(path.replace(/\/{2,}/g, '/'));
}
