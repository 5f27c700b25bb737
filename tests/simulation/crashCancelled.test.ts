import { cancelledAtOnce } from '../../local/simulation/scenarios.ts';
import { fullSweep } from '../support/fullSweep.ts';
import { testCrashesAnywhereIn } from './sweep.ts';

await testCrashesAnywhereIn(cancelledAtOnce, 400, fullSweep ? 1 : 20);
