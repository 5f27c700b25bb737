import { benchHelloSequence } from '../host/benchHelloSequence.ts';
import type { Figure } from '../kit/figure.ts';

/** A small number and a large one, so that the share of the fixed cost shows. */
export async function helloSequence(): Promise<Figure[]> {
  const few = await benchHelloSequence(100);
  const many = await benchHelloSequence(500);
  const value = `${many.perSecond.toFixed(0)} /s`;
  const against = `500 at once; ${(many.perSecond / few.perSecond).toFixed(2)} × the rate of 100 at once (${few.perSecond.toFixed(0)} /s)`;
  return [{ name: 'hello-sequence orchestrations on the embedded host', value, against }];
}
