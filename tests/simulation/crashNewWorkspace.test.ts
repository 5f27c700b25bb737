import { newWorkspace } from '../../local/simulation/scenarios.ts';
import { testCrashesAnywhereIn } from './crashSweep.ts';

await testCrashesAnywhereIn(newWorkspace, 250);
