/** What has to become of something by the way it was made: the app takes it, refuses it, or may do either. */
export type Verdict = 'taken' | 'refused' | 'either';

export interface Judged<T> {
  value: T;
  verdict: Verdict;
}

/** The verdict on a whole: one bad part spoils it, and one that may be either leaves it open. */
export function together(...parts: Verdict[]): Verdict {
  if (parts.includes('refused')) return 'refused';
  return parts.includes('either') ? 'either' : 'taken';
}

export const taken = <T>(value: T): Judged<T> => ({ value, verdict: 'taken' });
export const refused = <T>(value: T): Judged<T> => ({ value, verdict: 'refused' });
export const either = <T>(value: T): Judged<T> => ({ value, verdict: 'either' });
