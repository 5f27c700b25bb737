import type { JobSettings } from './jobSettings.ts';

/** A job as the workspace keeps it. */
export interface Job {
  jobId: string;
  creator: string;
  /** Application id of the identity that its runs have. */
  runAs: string;
  createdMs: number;
  settings: JobSettings;
}
