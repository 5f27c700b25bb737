package local.databricks

import java.util.Base64
import java.security.SecureRandom

import scala.io.StdIn

import org.apache.spark.sql.SparkSession
import py4j.GatewayServer

/**
 * The driver of a job cluster: one Spark session's JVM, to which the cluster's notebooks attach. Options are system properties
 * (`spark.*`). Says `ready <port> <secret>` on standard output, then takes `cancel <job group>` lines from standard
 * input and ends with it.
 */
object ClusterDriver {
  def main(arguments: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    val bytes = new Array[Byte](32)
    new SecureRandom().nextBytes(bytes)
    val secret = Base64.getUrlEncoder.withoutPadding.encodeToString(bytes)
    val gateway = new GatewayServer.GatewayServerBuilder().authToken(secret).javaPort(0).build()
    gateway.start()
    // The first query loads most of Spark's classes: the cluster is ready when that is done.
    spark.range(1).selectExpr("sum(id)").collect()
    println(s"ready ${gateway.getListeningPort} $secret")
    Iterator.continually(StdIn.readLine()).takeWhile(_ != null).foreach {
      case line if line.startsWith("cancel ") => spark.sparkContext.cancelJobGroup(line.stripPrefix("cancel "))
      case line => System.err.println(s"unknown command: $line")
    }
    // Not stopped in order: what is uncommitted is nothing, and threads of notebooks must not keep it open.
    Runtime.getRuntime.halt(0)
  }
}
