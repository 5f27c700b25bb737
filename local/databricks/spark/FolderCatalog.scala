package local.databricks

import java.util.{HashMap, Locale, Map => JavaMap, UUID}

import scala.collection.JavaConverters._

import com.fasterxml.jackson.databind.ObjectMapper
import org.apache.hadoop.fs.{FileSystem, Path}
import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.analysis._
import org.apache.spark.sql.catalyst.expressions.Literal
import org.apache.spark.sql.connector.catalog._
import org.apache.spark.sql.connector.expressions.Transform
import org.apache.spark.sql.delta.{DeltaLog, DeltaTimeTravelSpec}
import org.apache.spark.sql.delta.catalog.DeltaTableV2
import org.apache.spark.sql.types.{StructType, TimestampType}
import org.apache.spark.sql.util.CaseInsensitiveStringMap

/**
 * A catalog of three-level names over folders: the Delta table `catalog.schema.table` lies in `root/schema/table`. Its
 * log is the only record of it, so a table appears, changes and is replaced with one Delta commit, and any number of
 * processes read and write at once. Everything but names is left to Delta's own catalog, by path. A schema's comment and
 * properties are in `.schema.json` in its folder.
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

  override def tableExists(table: Identifier): Boolean =
    table.namespace.length == 1 && (table.namespace :+ table.name).forall(isName) && holdsTable(locationOf(table))

  override def loadTable(table: Identifier): Table =
    if (isPath(table)) delta.loadTable(table) else load(table, None)

  override def loadTable(table: Identifier, version: String): Table =
    load(table, Some(DeltaTimeTravelSpec(None, Some(version.toLong), Some("sql"))))

  override def loadTable(table: Identifier, microseconds: Long): Table =
    load(table, Some(DeltaTimeTravelSpec(Some(Literal(microseconds, TimestampType)), None, Some("sql"))))

  override def createTable(
      table: Identifier,
      schema: StructType,
      partitions: Array[Transform],
      properties: JavaMap[String, String]): Table = {
    delta.createTable(byPath(requireNew(table)), schema, partitions, requireManagedDelta(properties))
    loadTable(table)
  }

  override def stageCreate(
      table: Identifier,
      schema: StructType,
      partitions: Array[Transform],
      properties: JavaMap[String, String]): StagedTable =
    delta.stageCreate(byPath(requireNew(table)), schema, partitions, requireManagedDelta(properties))

  override def stageReplace(
      table: Identifier,
      schema: StructType,
      partitions: Array[Transform],
      properties: JavaMap[String, String]): StagedTable =
    delta.stageReplace(byPath(requireTable(table)), schema, partitions, requireManagedDelta(properties))

  override def stageCreateOrReplace(
      table: Identifier,
      schema: StructType,
      partitions: Array[Transform],
      properties: JavaMap[String, String]): StagedTable = {
    requireSchema(table.namespace)
    requireName(table.name)
    delta.stageCreateOrReplace(byPath(table), schema, partitions, requireManagedDelta(properties))
  }

  override def alterTable(table: Identifier, changes: TableChange*): Table = {
    delta.alterTable(byPath(requireTable(table)), changes: _*)
    loadTable(table)
  }

  override def dropTable(table: Identifier): Boolean = tableExists(table) && {
    val location = locationOf(table)
    val removed = remove(location)
    DeltaLog.invalidateCache(spark, location)
    removed
  }

  override def renameTable(from: Identifier, to: Identifier): Unit = {
    // Spark hands the new name over as it was written, with the catalog where that was written too.
    val parts = to.namespace.dropWhile(part => to.namespace.length == 2 && part.equalsIgnoreCase(catalog))
    val target = Identifier.of(if (parts.isEmpty) from.namespace else parts, to.name)
    val location = locationOf(requireTable(from))
    val wanted = locationOf(requireNew(target))
    // What an interrupted creation left there would take the table in as its subfolder.
    if (files.exists(wanted)) remove(wanted)
    if (!files.rename(location, wanted)) throw new TableAlreadyExistsException(target)
    DeltaLog.invalidateCache(spark, location)
  }

  override def listNamespaces(): Array[Array[String]] = folders(root).map(path => Array(path.getName))

  override def listNamespaces(namespace: Array[String]): Array[Array[String]] =
    if (namespace.isEmpty) listNamespaces() else { requireSchema(namespace); Array() }

  override def namespaceExists(namespace: Array[String]): Boolean =
    namespace.length == 1 && isName(namespace.head) && files.exists(folderOf(namespace))

  override def loadNamespaceMetadata(namespace: Array[String]): JavaMap[String, String] = {
    val metadata = readMetadata(requireSchema(namespace))
    metadata.put(SupportsNamespaces.PROP_LOCATION, folderOf(namespace).toString)
    metadata
  }

  override def createNamespace(namespace: Array[String], metadata: JavaMap[String, String]): Unit = {
    if (namespaceExists(namespace)) throw new NamespaceAlreadyExistsException(namespace)
    if (metadata.containsKey(SupportsNamespaces.PROP_LOCATION)) {
      throw new UnsupportedOperationException(s"A schema of the catalog $catalog has no location of its own.")
    }
    namespace.foreach(requireName)
    files.mkdirs(folderOf(namespace))
    writeMetadata(folderOf(namespace), metadata)
  }

  override def alterNamespace(namespace: Array[String], changes: NamespaceChange*): Unit = {
    val metadata = readMetadata(requireSchema(namespace))
    changes.foreach {
      case set: NamespaceChange.SetProperty => metadata.put(set.property, set.value)
      case gone: NamespaceChange.RemoveProperty => metadata.remove(gone.property)
    }
    writeMetadata(folderOf(namespace), metadata)
  }

  override def dropNamespace(namespace: Array[String], cascade: Boolean): Boolean = {
    val folder = requireSchema(namespace)
    if (!cascade && listTables(namespace).nonEmpty) throw new NonEmptyNamespaceException(namespace)
    remove(folder)
  }

  private def spark: SparkSession = SparkSession.active

  private def delta: StagingTableCatalog =
    spark.sessionState.catalogManager.catalog("spark_catalog").asInstanceOf[StagingTableCatalog]

  private def files: FileSystem = root.getFileSystem(spark.sessionState.newHadoopConf())

  private def folders(parent: Path): Array[Path] =
    files.listStatus(parent).filter(_.isDirectory).map(_.getPath).filter(path => isName(path.getName)).sortBy(_.getName)

  /** Takes a folder away at once, then deletes it: an interruption leaves no half of it in its place. */
  private def remove(folder: Path): Boolean = {
    val dropped = new Path(root, s".dropped/${UUID.randomUUID}")
    files.mkdirs(dropped.getParent)
    files.rename(folder, dropped) && files.delete(dropped, true)
  }

  private def metadataFile(schema: Path): Path = new Path(schema, ".schema.json")

  private def readMetadata(schema: Path): JavaMap[String, String] = {
    val file = metadataFile(schema)
    val metadata = new HashMap[String, String]()
    if (files.exists(file)) {
      val input = files.open(file)
      try metadata.putAll(new ObjectMapper().readValue(input: java.io.InputStream, classOf[JavaMap[String, String]]))
      finally input.close()
    }
    metadata
  }

  private def writeMetadata(schema: Path, metadata: JavaMap[String, String]): Unit = {
    val output = files.create(metadataFile(schema), true)
    try output.write(new ObjectMapper().writeValueAsBytes(metadata))
    finally output.close()
  }

  // The rule of Unity Catalog for the names of its objects.
  private def isName(name: String): Boolean = name.matches("[^./ \\x00-\\x1F\\x7F]{1,255}")

  private def requireName(name: String): Unit =
    if (!isName(name)) {
      val rule = "dots, spaces and slashes are not allowed"
      throw new UnsupportedOperationException(s"`$name` is no name for a schema or table: $rule.")
    }

  /** A table that is named by its folder: delta.`/folder`. */
  private def isPath(table: Identifier): Boolean =
    table.namespace.toSeq == Seq("delta") && new Path(table.name).isAbsolute

  private def requireManagedDelta(properties: JavaMap[String, String]): JavaMap[String, String] = {
    val provider = properties.getOrDefault(TableCatalog.PROP_PROVIDER, "delta")
    if (!provider.equalsIgnoreCase("delta")) {
      throw new UnsupportedOperationException(s"Tables of the catalog $catalog are Delta tables, not $provider.")
    }
    if (properties.containsKey(TableCatalog.PROP_LOCATION) || properties.containsKey(TableCatalog.PROP_EXTERNAL)) {
      throw new UnsupportedOperationException(s"Tables of the catalog $catalog are managed and have no LOCATION.")
    }
    properties
  }

  // Names in Unity Catalog know no case and are kept in lower case.
  private def folderOf(namespace: Array[String]): Path = namespace match {
    case Array(schema) => new Path(root, schema.toLowerCase(Locale.ROOT))
    case _ => throw new NoSuchNamespaceException(catalog +: namespace)
  }

  private def locationOf(table: Identifier): Path =
    new Path(folderOf(table.namespace), table.name.toLowerCase(Locale.ROOT))

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
    requireName(table.name)
    if (tableExists(table)) throw new TableAlreadyExistsException(table)
    table
  }
}
