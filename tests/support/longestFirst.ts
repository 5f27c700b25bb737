import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take half a minute and more, the longest first: one of them at the end would leave the other cores idle. */
const longest = [
  'endToEnd/demo',
  'tests/notebooks',
  'simulation/soak',
  'databricks/spark',
  'simulation/crashNewWorkspace',
  'scenarios/faults',
  'scenarios/results',
  'databricks/sqlSpark',
];

/** The order in which test files begin, which in a fresh clone nothing else tells. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = longest.findIndex((name) => moduleId.includes(name));
      return at < 0 ? longest.length : at;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}
