import { join } from 'node:path';
import type { Lakehouse } from '../compute.ts';

/** What a Spark process is started with. */
export interface SparkOptions extends Lakehouse {
  java: string;
  classPath: string;
  /** The class whose `main` is run. */
  mainClass: string;
  /** A folder of its own for log and temporary files; exists. */
  folder: string;
  /** More Spark configuration, or other than the usual one. */
  settings?: Record<string, string>;
}

// Spark's own list for Java 17 (org.apache.spark.launcher.JavaModuleOptions).
const openedPackages = [
  'java.lang',
  'java.lang.invoke',
  'java.lang.reflect',
  'java.io',
  'java.net',
  'java.nio',
  'java.util',
  'java.util.concurrent',
  'java.util.concurrent.atomic',
  'jdk.internal.ref',
  'sun.nio.ch',
  'sun.nio.cs',
  'sun.security.action',
  'sun.util.calendar',
];

const machineFlags = [
  // Java's warnings go to the log: standard output is for answers.
  '-Xlog:disable',
  '-Xlog:all=warning:stderr',
  // So does its last word when memory has run out.
  '-XX:+DisplayVMOutputToStderr',
  // Drivers live for minutes: the quick compiler alone gives the shortest start.
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
  '-Xss4m',
  '-Xmx1g',
  '-XX:+ExitOnOutOfMemoryError',
  '-Dfile.encoding=UTF-8',
  '-Duser.timezone=UTC',
  '-Djdk.reflect.useDirectMethodHandle=false',
  ...openedPackages.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`),
];

/** Where in its folder a Spark process has its temporary files. */
export const temporaryFolder = (folder: string): string => join(folder, 'tmp');

/** Arguments of `java` for a Spark session whose catalogs are the lakehouse's; its temporary files go to its folder. */
export function sparkArguments(options: SparkOptions): string[] {
  const { classPath, mainClass, folder, settings, ...lakehouse } = options;
  const temporary = temporaryFolder(folder);
  const configuration = { ...usualSettings(temporary), ...catalogSettings(lakehouse), ...settings };
  const properties = Object.entries(configuration).map(([name, value]) => `-D${name}=${value}`);
  return [...machineFlags, `-Djava.io.tmpdir=${temporary}`, ...properties, '-cp', classPath, mainClass];
}

function usualSettings(temporary: string): Record<string, string> {
  return {
    'spark.master': 'local[2]',
    'spark.app.name': 'Databricks Shell',
    'spark.driver.host': '127.0.0.1',
    'spark.driver.bindAddress': '127.0.0.1',
    'spark.local.dir': temporary,
    'spark.log.level': 'WARN',
    'spark.ui.enabled': 'false',
    'spark.ui.showConsoleProgress': 'false',
    'spark.sql.warehouse.dir': join(temporary, 'warehouse'),
    'spark.sql.extensions': 'io.delta.sql.DeltaSparkSessionExtension,local.databricks.DatabricksSyntax',
    'spark.sql.catalog.spark_catalog': 'org.apache.spark.sql.delta.catalog.DeltaCatalog',
    // As on Databricks.
    'spark.sql.sources.default': 'delta',
    'spark.sql.legacy.createHiveTableByDefault': 'false',
    'spark.sql.execution.arrow.pyspark.enabled': 'true',
    // Tables here are small: what pays for large ones costs more than the work.
    'spark.default.parallelism': '2',
    'spark.sql.shuffle.partitions': '2',
    'spark.sql.codegen.wholeStage': 'false',
    'spark.databricks.delta.snapshotPartitions': '1',
    'spark.sql.sources.parallelPartitionDiscovery.parallelism': '2',
  };
}

function catalogSettings({ tablesRoot, catalogs }: Lakehouse): Record<string, string> {
  const [first = ''] = catalogs;
  const each = catalogs.flatMap((name) => [
    [`spark.sql.catalog.${name}`, 'local.databricks.FolderCatalog'],
    [`spark.sql.catalog.${name}.root`, join(tablesRoot, name)],
  ]);
  return { ...(Object.fromEntries(each) as Record<string, string>), 'spark.sql.defaultCatalog': first };
}
