import { rerun } from '../../local/simulation/scenarios.ts';
import { testCrashesAnywhereIn } from './sweep.ts';

await testCrashesAnywhereIn(rerun, 120);
