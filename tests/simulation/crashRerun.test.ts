import { rerun } from '../../local/simulation/scenarios.ts';
import { testCrashesAnywhereIn } from './crashSweep.ts';

await testCrashesAnywhereIn(rerun, 120);
