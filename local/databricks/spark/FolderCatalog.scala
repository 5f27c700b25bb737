package local.databricks

import java.util.{Map => JavaMap}

import scala.collection.JavaConverters._

import org.apache.hadoop.fs.{FileSystem, Path}
import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.analysis._
import org.apache.spark.sql.catalyst.expressions.Literal
import org.apache.spark.sql.connector.catalog._
import org.apache.spark.sql.connector.expressions.Transform
import org.apache.spark.sql.delta.DeltaTimeTravelSpec
import org.apache.spark.sql.delta.catalog.DeltaTableV2
import org.apache.spark.sql.types.{StructType, TimestampType}
import org.apache.spark.sql.util.CaseInsensitiveStringMap

/**
 * A catalog of three-level names over folders: the Delta table `catalog.schema.table` lies in `root/schema/table`. Its log
 * is the only record of it, so a table appears, changes and is replaced with one Delta commit, and any number of processes
 * read and write at once. Everything but names is left to Delta's own catalog, by path.
 */
class FolderCatalog extends StagingTableCatalog with SupportsNamespaces {
  private var catalog: String = _
  private var root: Path = _

  override def initialize(name: String, options: CaseInsensitiveStringMap): Unit = {
    catalog = name
    root = new Path(options.get("root"))
  }

  override def name(): String = catalog
  override def defaultNamespace(): Array[String] = Array("default")

  override def listTables(namespace: Array[String]): Array[Identifier] =
    folders(requireSchema(namespace)).filter(holdsTable).map(path => Identifier.of(namespace, path.getName))

  override def tableExists(table: Identifier): Boolean = table.namespace.length == 1 && holdsTable(locationOf(table))

  override def loadTable(table: Identifier): Table = load(table, None)

  override def loadTable(table: Identifier, version: String): Table =
    load(table, Some(DeltaTimeTravelSpec(None, Some(version.toLong), Some("sql"))))

  override def loadTable(table: Identifier, microseconds: Long): Table =
    load(table, Some(DeltaTimeTravelSpec(Some(Literal(microseconds, TimestampType)), None, Some("sql"))))

  override def createTable(
      table: Identifier,
      schema: StructType,
      partitions: Array[Transform],
      properties: JavaMap[String, String]): Table = {
    delta.createTable(byPath(requireNew(table)), schema, partitions, properties)
    loadTable(table)
  }

  override def stageCreate(
      table: Identifier,
      schema: StructType,
      partitions: Array[Transform],
      properties: JavaMap[String, String]): StagedTable =
    delta.stageCreate(byPath(requireNew(table)), schema, partitions, properties)

  override def stageReplace(
      table: Identifier,
      schema: StructType,
      partitions: Array[Transform],
      properties: JavaMap[String, String]): StagedTable =
    delta.stageReplace(byPath(requireTable(table)), schema, partitions, properties)

  override def stageCreateOrReplace(
      table: Identifier,
      schema: StructType,
      partitions: Array[Transform],
      properties: JavaMap[String, String]): StagedTable = {
    requireSchema(table.namespace)
    delta.stageCreateOrReplace(byPath(table), schema, partitions, properties)
  }

  override def alterTable(table: Identifier, changes: TableChange*): Table = {
    delta.alterTable(byPath(requireTable(table)), changes: _*)
    loadTable(table)
  }

  override def dropTable(table: Identifier): Boolean = tableExists(table) && files.delete(locationOf(table), true)

  override def renameTable(from: Identifier, to: Identifier): Unit = {
    // Spark hands the new name over as it was written, with the catalog where that was written too.
    val parts = to.namespace.dropWhile(part => to.namespace.length == 2 && part.equalsIgnoreCase(catalog))
    val target = Identifier.of(if (parts.isEmpty) from.namespace else parts, to.name)
    files.rename(locationOf(requireTable(from)), locationOf(requireNew(target)))
  }

  override def listNamespaces(): Array[Array[String]] = folders(root).map(path => Array(path.getName))

  override def listNamespaces(namespace: Array[String]): Array[Array[String]] =
    if (namespace.isEmpty) listNamespaces() else { requireSchema(namespace); Array() }

  override def namespaceExists(namespace: Array[String]): Boolean =
    namespace.length == 1 && files.exists(folderOf(namespace))

  override def loadNamespaceMetadata(namespace: Array[String]): JavaMap[String, String] =
    Map(SupportsNamespaces.PROP_LOCATION -> requireSchema(namespace).toString).asJava

  override def createNamespace(namespace: Array[String], metadata: JavaMap[String, String]): Unit = {
    if (namespaceExists(namespace)) throw new NamespaceAlreadyExistsException(namespace)
    files.mkdirs(folderOf(namespace))
  }

  /** A schema is a folder and keeps no properties. */
  override def alterNamespace(namespace: Array[String], changes: NamespaceChange*): Unit = requireSchema(namespace)

  override def dropNamespace(namespace: Array[String], cascade: Boolean): Boolean = {
    if (!cascade && listTables(namespace).nonEmpty) throw new NonEmptyNamespaceException(namespace)
    files.delete(folderOf(namespace), true)
  }

  private def spark: SparkSession = SparkSession.active

  private def delta: StagingTableCatalog =
    spark.sessionState.catalogManager.catalog("spark_catalog").asInstanceOf[StagingTableCatalog]

  private def files: FileSystem = root.getFileSystem(spark.sessionState.newHadoopConf())

  private def folders(parent: Path): Array[Path] =
    files.listStatus(parent).filter(_.isDirectory).map(_.getPath).sortBy(_.getName)

  // Names in Unity Catalog know no case and are kept in lower case.
  private def folderOf(namespace: Array[String]): Path = namespace match {
    case Array(schema) => new Path(root, schema.toLowerCase)
    case _ => throw new NoSuchNamespaceException(catalog +: namespace)
  }

  private def locationOf(table: Identifier): Path = new Path(folderOf(table.namespace), table.name.toLowerCase)

  private def byPath(table: Identifier): Identifier = Identifier.of(Array("delta"), locationOf(table).toString)

  /** Data files without a commit are what an interrupted creation left, and no table. */
  private def holdsTable(folder: Path): Boolean = {
    val log = new Path(folder, "_delta_log")
    files.exists(log) && files.listStatus(log).exists(_.getPath.getName.matches("\\d{20}\\.(json|checkpoint\\..*)"))
  }

  private def load(table: Identifier, travel: Option[DeltaTimeTravelSpec]): Table = {
    val name = (catalog +: table.namespace :+ table.name).mkString(".")
    DeltaTableV2(spark, locationOf(requireTable(table)), None, Some(name), travel, Map.empty[String, String])
  }

  private def requireSchema(namespace: Array[String]): Path = {
    if (!namespaceExists(namespace)) throw new NoSuchNamespaceException(catalog +: namespace)
    folderOf(namespace)
  }

  private def requireTable(table: Identifier): Identifier = {
    if (!tableExists(table)) throw new NoSuchTableException(catalog +: table.namespace :+ table.name)
    table
  }

  private def requireNew(table: Identifier): Identifier = {
    requireSchema(table.namespace)
    if (tableExists(table)) throw new TableAlreadyExistsException(table)
    table
  }
}
