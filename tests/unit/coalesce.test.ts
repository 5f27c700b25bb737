import { expect, test } from 'vitest';
import { coalesce } from '../../functions/coalesce.ts';

/** Work that ends when it is told to, and knows how often it was begun. */
function controlled() {
  const begun: { text: string; end: (value: string) => void; fail: (error: Error) => void }[] = [];
  const shared = coalesce(
    (text: string) => text[0] ?? '',
    (text: string) => new Promise<string>((end, fail) => begun.push({ text, end, fail })),
  );
  return { begun, shared };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('callers who come while the work runs share the next turn', async () => {
  const { begun, shared } = controlled();
  const first = shared('a1');
  const later = ['a2', 'a3', 'a4'].map((text) => shared(text));
  expect(begun.map(({ text }) => text)).toEqual(['a1']);
  begun[0]?.end('one');
  await turn();
  expect(begun.map(({ text }) => text)).toEqual(['a1', 'a2']);
  begun[1]?.end('two');
  expect(await first).toBe('one');
  expect(await Promise.all(later)).toEqual(['two', 'two', 'two']);
});

test('another key waits for nobody', () => {
  const { begun, shared } = controlled();
  void shared('a');
  void shared('b');
  expect(begun).toHaveLength(2);
});

test('a failure reaches its own callers only, and a call after the last turn begins anew', async () => {
  const { begun, shared } = controlled();
  const first = shared('a');
  const second = shared('a');
  begun[0]?.fail(new Error('no'));
  await expect(first).rejects.toThrow('no');
  await turn();
  begun[1]?.end('yes');
  expect(await second).toBe('yes');
  const third = shared('a');
  expect(begun).toHaveLength(3);
  begun[2]?.end('again');
  expect(await third).toBe('again');
});
