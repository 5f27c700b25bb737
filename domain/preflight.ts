import { TerminalError } from './errors.ts';
import type { ErrorCode } from './errorTable.ts';

/** What a check can say that is no failure. */
export type WarningCode =
  /** Azure or Databricks did not let the app look. */
  | 'NOT_CHECKED'
  | 'PROVIDER_REGISTERING'
  /** The quota is large enough, but others use it. */
  | 'QUOTA_IN_USE'
  | 'RUNTIME_UNSUPPORTED'
  | 'RUNTIME_NOT_LISTED'
  | 'NODE_TYPE_UNKNOWN'
  | 'NODE_TYPE_DEPRECATED'
  /** An accelerator whose clusters stand in its repository only. */
  | 'CLUSTERS_UNKNOWN';

interface Told {
  message: string;
  /** What a person can do: where there is one, the command that does it. */
  hint: string;
  /** The place in the request that it is about (JSON pointer). */
  pointer?: string;
}

/** What a check found: an error prevents the deployment for sure, a warning may turn out to be one. */
export type Finding = Told & ({ severity: 'error'; code: ErrorCode } | { severity: 'warning'; code: WarningCode });

/** What was read, or why it could not be. */
export type Read<T> = { value: T } | { unread: string };

export const errorIn = (code: ErrorCode, message: string, hint: string, pointer?: string): Finding => ({
  severity: 'error',
  code,
  message,
  hint,
  ...(pointer !== undefined && { pointer }),
});

export const warningOf = (code: WarningCode, message: string, hint: string, pointer?: string): Finding => ({
  severity: 'warning',
  code,
  message,
  hint,
  ...(pointer !== undefined && { pointer }),
});

/** The warning of a fact that could not be read; `byHand` is the command with which a person sees it. */
export const notChecked = (what: string, { unread }: { unread: string }, byHand: string): Finding =>
  warningOf('NOT_CHECKED', `Not checked: ${what}. ${unread}`, `Look yourself: ${byHand}`);

/** The failure that the errors among the findings amount to: the first one's code, everybody's words and commands. */
export function failureIn(findings: Finding[]): TerminalError | undefined {
  const errors = findings.filter((finding) => finding.severity === 'error');
  const [first] = errors;
  if (!first) return undefined;
  const message = errors.map(({ message }) => message).join(' ');
  return new TerminalError(first.code, message, { cause: errors.map(({ hint }) => hint).join('\n') });
}

/** A warning as the status of a deployment keeps it, which holds 16 kB in all. */
export interface Warning {
  code: WarningCode;
  message: string;
  hint: string;
}

const most = { warnings: 8, message: 240, hint: 240 };

/** The warnings among the findings, each once, cut to what fits into a status. */
export function warningsIn(findings: Finding[]): Warning[] {
  const warnings = findings.flatMap((finding) =>
    finding.severity === 'warning'
      ? [
          {
            code: finding.code,
            message: finding.message.slice(0, most.message),
            hint: finding.hint.slice(0, most.hint),
          },
        ]
      : [],
  );
  const once = new Map(warnings.map((warning) => [warning.message, warning]));
  return [...once.values()].slice(0, most.warnings);
}
