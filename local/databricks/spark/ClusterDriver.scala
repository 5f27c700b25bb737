package local.databricks

import java.security.SecureRandom
import java.util.Base64

import scala.collection.mutable
import scala.io.StdIn

import org.apache.spark.sql.SparkSession
import py4j.ClientServer

/**
 * The driver of a job cluster: one JVM with one Spark context, to which the cluster's notebooks attach. Options are
 * system properties (`spark.*`). Says `ready` on standard output, then takes commands from standard input and ends with
 * it: `attach <notebook>` is answered `attached <notebook> <port> <secret>`; `detach <notebook>` ends what it runs and is
 * answered `detached <notebook>`.
 */
object ClusterDriver extends SparkProgram {
  private val gateways = mutable.Map[String, ClientServer]()

  override protected def serve(): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    // The first query loads most of Spark's classes: the cluster is ready when that is done.
    spark.range(1).selectExpr("sum(id)").collect()
    answers.println("ready")
    Iterator.continually(StdIn.readLine()).takeWhile(_ != null).map(_.split(' ')).foreach {
      case Array("attach", notebook) => attach(spark, notebook)
      case Array("detach", notebook) => detach(spark, notebook)
      case other => System.err.println(s"unknown command: ${other.mkString(" ")}")
    }
  }

  /** Opens a gateway for a notebook, with a session and a job group of its own. */
  private def attach(spark: SparkSession, notebook: String): Unit = {
    val bytes = new Array[Byte](32)
    new SecureRandom().nextBytes(bytes)
    val secret = Base64.getUrlEncoder.withoutPadding.encodeToString(bytes)
    // The gateway's threads take both over from this one, which starts them.
    SparkSession.setActiveSession(spark.newSession())
    spark.sparkContext.setJobGroup(notebook, s"notebook of task run $notebook", interruptOnCancel = true)
    val gateway = new ClientServer.ClientServerBuilder().authToken(secret).javaPort(0).autoStartJavaServer(true).build()
    gateways(notebook) = gateway
    answers.println(s"attached $notebook ${gateway.getJavaServer.getListeningPort} $secret")
  }

  private def detach(spark: SparkSession, notebook: String): Unit = {
    spark.sparkContext.cancelJobGroup(notebook)
    gateways.remove(notebook).foreach(_.shutdown())
    answers.println(s"detached $notebook")
  }
}
