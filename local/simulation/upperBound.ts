/**
 * The largest share of failures that is still consistent, at 95 %, with `failures` in `runs` independent runs: the one-sided
 * bound of Clopper and Pearson (1934); about 3/runs when none has failed.
 */
export function upperBound(failures: number, runs: number): number {
  if (failures >= runs) return 1;
  let [low, high] = [0, 1];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (atMost(failures, runs, middle) > 0.05) low = middle;
    else high = middle;
  }
  return high;
}

/** The chance of at most `failures` in `runs` when each fails with this one. */
function atMost(failures: number, runs: number, share: number): number {
  let log = runs * Math.log1p(-share);
  let sum = Math.exp(log);
  for (let k = 1; k <= failures; k++) {
    log += Math.log((runs - k + 1) / k) + Math.log(share) - Math.log1p(-share);
    sum += Math.exp(log);
  }
  return sum;
}
