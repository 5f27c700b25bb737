/** Ends of support of the long-term releases, as days (learn.microsoft.com, azure/databricks/release-notes/runtime). */
const supportEnds: Record<string, string> = {
  '13.3': '2026-08-22',
  '14.3': '2027-02-01',
  '15.4': '2027-08-19',
  '16.4': '2028-05-09',
  '17.3': '2028-10-22',
  '18': '2029-06-10',
};

/** A runtime's key in its parts: `15.4.x-gpu-ml-scala2.12` has the release `15.4` and the variant `-gpu-ml`. */
interface RuntimeKey {
  release: string;
  variant: string;
}

function partsOf(key: string): RuntimeKey | undefined {
  const [, release, variant] = /^(\d+(?:\.\d+)?)\.x(-[a-z-]+?)?-scala[\d.]+$/.exec(key) ?? [];
  return release === undefined ? undefined : { release, variant: variant ?? '' };
}

/** The day on which support of the runtime ends or ended, `2026-08-22`; undefined for a release that is not known. */
export function supportEndOf(key: string): string | undefined {
  const release = partsOf(key)?.release;
  return release === undefined ? undefined : (supportEnds[release] ?? supportEnds[release.replace(/\.\d+$/, '')]);
}

/** Whether the runtime is out of support at the time, an ISO 8601 text; false for a release that is not known. */
export function isOutOfSupport(key: string, at: string): boolean {
  const end = supportEndOf(key);
  return end !== undefined && at.slice(0, 10) >= end;
}

/** The offered runtime of the same kind (GPU, machine learning, …) that comes closest after the wanted one, or else the last before it. */
export function nearestOffered(wanted: string, offered: string[]): string | undefined {
  const { release, variant } = partsOf(wanted) ?? { release: '0', variant: '' };
  const alike = offered
    .filter((key) => partsOf(key)?.variant === variant && supportEndOf(key) !== undefined)
    .sort((a, b) => numberOf(a) - numberOf(b));
  return alike.find((key) => numberOf(key) > Number(release)) ?? alike.at(-1);
}

const numberOf = (key: string): number => Number(partsOf(key)?.release ?? 0);
