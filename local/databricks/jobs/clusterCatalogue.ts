/** A runtime as `clusters/spark-versions` lists it. */
export interface SparkVersion {
  key: string;
  name: string;
}

export interface NodeType {
  id: string;
  cores: number;
  memoryMb: number;
  gpus: number;
  category: string;
  deprecated?: boolean;
}

const releases: { version: string; spark: string; scala: string[] }[] = [
  { version: '17.3', spark: '4.0.0', scala: ['2.13'] },
  { version: '16.4', spark: '3.5.2', scala: ['2.12', '2.13'] },
  { version: '15.4', spark: '3.5.0', scala: ['2.12'] },
  { version: '14.3', spark: '3.5.0', scala: ['2.12'] },
  // Out of support since August 2026, but "may continue to run" and the accelerator's default.
  { version: '13.3', spark: '3.4.1', scala: ['2.12'] },
];

const variants = [
  { suffix: '', ml: '', extra: '' },
  { suffix: '-photon', ml: '', extra: ', Photon' },
  { suffix: '-cpu-ml', ml: ' ML', extra: '' },
  { suffix: '-gpu-ml', ml: ' ML', extra: ', GPU' },
];

/** The long-term runtimes in their plain, Photon, CPU and GPU machine-learning variants. */
export const sparkVersions: SparkVersion[] = releases.flatMap(({ version, spark, scala }) =>
  scala.flatMap((scala) =>
    variants.map(({ suffix, ml, extra }) => ({
      key: `${version}.x${suffix}-scala${scala}`,
      name: `${version} LTS${ml} (includes Apache Spark ${spark}${extra}, Scala ${scala})`,
    })),
  ),
);

const general = 'General Purpose';
const memory = 'Memory Optimized';
const gpu = 'GPU Accelerated';
const machines: [id: string, cores: number, memoryMb: number, gpus: number, category: string, deprecated?: boolean][] =
  [
    ['Standard_DS3_v2', 4, 14_336, 0, general],
    ['Standard_DS4_v2', 8, 28_672, 0, general],
    ['Standard_D4s_v3', 4, 16_384, 0, general],
    ['Standard_D4ds_v5', 4, 16_384, 0, general],
    ['Standard_D8ds_v5', 8, 32_768, 0, general],
    ['Standard_D4ads_v5', 4, 16_384, 0, general],
    ['Standard_D8ads_v5', 8, 32_768, 0, general],
    ['Standard_E4ds_v5', 4, 32_768, 0, memory],
    ['Standard_E4ads_v5', 4, 32_768, 0, memory],
    ['Standard_F4s_v2', 4, 8192, 0, 'Compute Optimized'],
    ['Standard_NC4as_T4_v3', 4, 28_672, 1, gpu],
    ['Standard_NC8as_T4_v3', 8, 57_344, 1, gpu],
    ['Standard_NC16as_T4_v3', 16, 112_640, 1, gpu],
    ['Standard_NC64as_T4_v3', 64, 450_560, 4, gpu],
    ['Standard_NC24ads_A100_v4', 24, 225_280, 1, gpu],
    ['Standard_NC6s_v3', 6, 114_688, 1, gpu, true],
  ];

/** Machine sizes that clusters may have. */
export const nodeTypes: NodeType[] = machines.map(([id, cores, memoryMb, gpus, category, deprecated = false]) => ({
  id,
  cores,
  memoryMb,
  gpus,
  category,
  deprecated,
}));

export const findNodeType = (id: string): NodeType | undefined => nodeTypes.find((type) => type.id === id);
