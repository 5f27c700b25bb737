package local.databricks

import org.apache.spark.sql.SparkSession
import py4j.ClientServer

/** Does once what drivers and warehouses do, so that the classes which they need can be archived for a quick start. */
object Rehearsal {
  private val statements = Seq(
    "CREATE SCHEMA IF NOT EXISTS trial COMMENT 'classes are loaded here'",
    "CREATE TABLE trial.parts (id INT, name STRING, value DOUBLE) COMMENT 'parts'",
    "INSERT INTO trial.parts VALUES (1, 'a', 1.5), (2, 'b', 2.5)",
    "CREATE OR REPLACE TABLE trial.copies AS SELECT *, current_timestamp() AS at FROM trial.parts WHERE value > 1",
    "DELETE FROM trial.copies WHERE id = 1",
    "SELECT name, count(*), avg(value), count_if(value > 2) FROM trial.parts GROUP BY name ORDER BY name",
    "SELECT p.name, c.at FROM trial.parts p JOIN trial.copies c ON p.id = c.id LIMIT 10",
    "DESCRIBE HISTORY trial.copies",
    "SHOW TABLES IN trial",
    "DROP SCHEMA trial CASCADE")

  def main(arguments: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    new ClientServer.ClientServerBuilder().authToken("rehearsal").javaPort(0).autoStartJavaServer(true).build().shutdown()
    statements.foreach(statement => spark.sql(statement).collect())
    System.exit(0)
  }
}
