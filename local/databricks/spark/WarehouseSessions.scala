package local.databricks

import java.io.File
import java.util.{LinkedHashMap, Map => JavaMap}

import com.fasterxml.jackson.databind.JsonNode
import org.apache.spark.sql.SparkSession

/** The sessions of a warehouse: kept by name for as long as they are used, or new for one statement. */
class WarehouseSessions(spark: SparkSession) {
  private val most = 200
  private val tables = new File(System.getProperty("local.databricks.tables"))

  private val named = new LinkedHashMap[String, SparkSession](16, 0.75f, true) {
    override def removeEldestEntry(eldest: JavaMap.Entry[String, SparkSession]): Boolean = size > most
  }

  /** The session that a request names, begun in the catalog and schema that it names. */
  def of(request: JsonNode): SparkSession = synchronized {
    val session =
      if (!request.has("session")) begin(request)
      else Option(named.get(request.get("session").asText)).getOrElse {
        val begun = begin(request)
        named.put(request.get("session").asText, begun)
        begun
      }
    addCatalogs(session)
    session
  }

  def close(name: String): Unit = synchronized(named.remove(name))

  private def begin(request: JsonNode): SparkSession = {
    val session = spark.newSession()
    SparkSession.setActiveSession(session)
    addCatalogs(session)
    if (request.has("catalog")) session.catalog.setCurrentCatalog(request.get("catalog").asText)
    if (request.has("schema")) session.catalog.setCurrentDatabase(request.get("schema").asText)
    session
  }

  // Catalogs may have been made since the warehouse was started. Spark shows only those that were asked for once.
  private def addCatalogs(session: SparkSession): Unit =
    for (folder <- tables.listFiles() if folder.isDirectory) {
      val name = s"spark.sql.catalog.${folder.getName}"
      if (session.conf.getOption(name).isEmpty) {
        session.conf.set(s"$name.root", folder.getPath)
        session.conf.set(name, classOf[FolderCatalog].getName)
      }
      session.sessionState.catalogManager.catalog(folder.getName)
    }
}
