import { newWorkspace } from '../../local/simulation/scenarios.ts';
import { testCrashesAnywhereIn } from './sweep.ts';

await testCrashesAnywhereIn(newWorkspace, 250);
