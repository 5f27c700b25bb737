import { coldImport, megabytes, packageApp } from '../setup/package.ts';
import { type Figure, milliseconds } from '../kit/figure.ts';

/** What is deployed: its size, and how long a fresh process takes to import the app from it. */
export async function packageFigures(): Promise<Figure[]> {
  const { bytes, files } = await packageApp();
  return [
    { name: 'package (goal ≤ 10 MB)', value: megabytes(bytes), against: `${files.length} files` },
    {
      name: 'import from the unpacked package (median of 5 processes; goal ≤ 200 ms)',
      value: milliseconds(coldImport(bytes)),
      against: 'no module within reach',
    },
  ];
}
