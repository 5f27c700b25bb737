import { TerminalError } from './errors.ts';

/** How long each wait may last, in seconds; from the settings, fixed at a deployment's start because orchestrators read no settings. */
export interface Limits {
  workspaceSeconds: number;
  storageSeconds: number;
  /** From the submission of RUNME to the end of the notebooks. */
  runSeconds: number;
  warehouseSeconds: number;
  /** From the cancelling of runs to their end. */
  cancelSeconds: number;
  /** From a workspace's deletion until it and its managed resource group are gone. */
  removalSeconds: number;
  /** The whole deployment, waits and all. */
  deploymentSeconds: number;
}

/** The limits of a deployment that names none. */
export const usualLimits: Limits = {
  workspaceSeconds: 45 * 60,
  storageSeconds: 15 * 60,
  runSeconds: 8 * 60 * 60,
  warehouseSeconds: 15 * 60,
  cancelSeconds: 15 * 60,
  removalSeconds: 60 * 60,
  deploymentSeconds: 12 * 60 * 60,
};

/** What a deployment ends with that has passed its own limit. */
export const deploymentTimeout = (): TerminalError =>
  new TerminalError('DEPLOYMENT_TIMEOUT', 'The deployment was not over within its limit.');

/** The limits that were fixed at the start, the usual ones where it fixed none. */
export const limitsOf = (fixed: Partial<Limits> | undefined): Limits => ({ ...usualLimits, ...fixed });
