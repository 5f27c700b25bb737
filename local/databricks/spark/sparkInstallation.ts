import type { PythonInstallation } from '../notebooks/pythonNotebook.ts';

/** What Spark needs on this machine. */
export interface SparkInstallation extends PythonInstallation {
  java: string;
  /** Spark, Delta Lake and our own classes. */
  classPath: string;
}
