/** An Azure size as its quota sees it. */
export interface NodeSize {
  vCpus: number;
  /** Name of the quota's family without regard to case and blanks, which Azure writes in several ways. */
  family: string;
}

/** Sizes of the second generation are numbered, not named by their cores. */
const coresOfNumbered: Record<string, number> = {
  '1': 1,
  '2': 2,
  '3': 4,
  '4': 8,
  '5': 16,
  '11': 2,
  '12': 4,
  '13': 8,
  '14': 16,
  '15': 20,
};

const accelerated: [pattern: RegExp, family: string][] = [
  [/^NC(\d+)as_T4_v3$/, 'NCASv3_T4'],
  [/^NC(\d+)ads_A100_v4$/, 'NCADSA100v4'],
  [/^NC(\d+)s_v3$/, 'NCSv3'],
];

/**
 * Cores and quota family of a node type; undefined where the names follow no rule that is known, as from the sixth
 * generation on and for sizes with fewer cores than they are counted for.
 */
export function nodeSizeOf(nodeType: string): NodeSize | undefined {
  const size = /^Standard_(.+)$/.exec(nodeType)?.[1] ?? '';
  for (const [pattern, family] of accelerated) {
    const vCpus = pattern.exec(size)?.[1];
    if (vCpus) return { vCpus: Number(vCpus), family: familyKey(`standard${family}Family`) };
  }
  const [, numbered, number = ''] = /^(DS?)(\d+)_v2$/.exec(size) ?? [];
  if (numbered) {
    const vCpus = coresOfNumbered[number];
    return vCpus ? { vCpus, family: familyKey(`standard${numbered}v2Family`) } : undefined;
  }
  const [, series, vCpus, features = '', version] = /^([DEFL])(\d+)([abdlps]*)_v([2-5])$/.exec(size) ?? [];
  if (!series) return undefined;
  return { vCpus: Number(vCpus), family: familyKey(`standard${series}${features}v${version}Family`) };
}

/** By which families are compared: Azure writes `standardDADSv5Family`, `StandardNCADSA100v4Family`, `Standard NCASv3_T4 Family`. */
export const familyKey = (name: string): string => name.replaceAll(' ', '').toLowerCase();
