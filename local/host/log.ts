export type LogLevel = 'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical';

/** One event of the host or of the app that it runs; the fields after `message` are set where they are known. */
export interface LogEntry {
  level: LogLevel;
  category: 'host' | 'user' | 'system';
  message: string;
  functionName?: string;
  invocationId?: string;
  instanceId?: string;
}

export type Log = (entry: LogEntry) => void;

export interface LogOptions {
  /** Entries below this level are dropped; `none` drops all. */
  level: LogLevel | 'none';
  format: 'json' | 'text';
}

export const logLevels: readonly LogLevel[] = ['trace', 'debug', 'information', 'warning', 'error', 'critical'];

/** A log that writes one line per entry to stderr. */
export function stderrLog(options: LogOptions): Log {
  if (options.level === 'none') return () => undefined;
  const lowest = logLevels.indexOf(options.level);
  return (entry) => {
    if (logLevels.indexOf(entry.level) < lowest) return;
    const time = new Date().toISOString();
    process.stderr.write(`${options.format === 'json' ? JSON.stringify({ time, ...entry }) : asText(time, entry)}\n`);
  };
}

function asText(time: string, entry: LogEntry): string {
  const place = entry.functionName ? ` [${entry.functionName}${entry.instanceId ? ` ${entry.instanceId}` : ''}]` : '';
  return `${time.slice(11, 23)} ${entry.level.slice(0, 4)}${place} ${entry.message}`;
}
