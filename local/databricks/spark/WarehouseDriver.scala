package local.databricks

import java.io.{BufferedReader, InputStreamReader}
import java.nio.charset.StandardCharsets.UTF_8
import java.nio.file.Files
import java.util.concurrent.{ConcurrentHashMap, Executors, Future}

import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}
import org.apache.spark.sql.SparkSession

/**
 * The engine of a SQL warehouse: one JVM, in which each statement has a job group. Options are system properties (`spark.*`).
 * Says `ready` on standard output, then takes JSON lines from standard input, `{"id", "statement", "parameters", "session",
 * "catalog", "schema"}`, `{"cancel": id}` and `{"closeSession": session}`, and answers as `WarehouseReplies` says. Ends with its input.
 */
object WarehouseDriver extends SparkProgram {
  private val atOnce = 4
  private lazy val spark = SparkSession.builder().getOrCreate()
  private val replies = new WarehouseReplies(answers)
  private lazy val sessions = new WarehouseSessions(spark)
  private val workers = Executors.newFixedThreadPool(atOnce)
  private val running = new ConcurrentHashMap[String, Running]()

  private class Running(val id: String) {
    @volatile var cancelled = false
    @volatile var worker: Future[_] = _
  }

  override protected def serve(): Unit = {
    warmUp()
    replies.ready()
    val json = new ObjectMapper()
    val input = new BufferedReader(new InputStreamReader(System.in, UTF_8))
    Iterator.continually(input.readLine()).takeWhile(_ != null).map(json.readTree).foreach {
      case line if line.has("cancel") => cancel(line.get("cancel").asText)
      case line if line.has("closeSession") => sessions.close(line.get("closeSession").asText)
      case line => submit(line)
    }
  }

  /** Loads the classes that a query of a Delta table takes, so that the first statement is answered as quickly as the next. */
  private def warmUp(): Unit = {
    val folder = Files.createTempDirectory("warm-up").toString
    spark.range(1).write.format("delta").mode("overwrite").save(folder)
    spark.read.format("delta").load(folder).selectExpr("count(*)", "count_if(id = 0)").collect()
  }

  private def submit(request: JsonNode): Unit = {
    val statement = new Running(request.get("id").asText)
    running.put(statement.id, statement)
    statement.worker = workers.submit((() => run(statement, request)): Runnable)
  }

  private def cancel(id: String): Unit = Option(running.get(id)).foreach { statement =>
    statement.cancelled = true
    spark.sparkContext.cancelJobGroup(id)
    // Between two jobs there is nothing to cancel but the thread.
    statement.worker.cancel(true)
    if (running.remove(id) != null) replies.canceled(id)
  }

  private def run(statement: Running, request: JsonNode): Unit = {
    val id = statement.id
    try {
      val session = sessions.of(request)
      SparkSession.setActiveSession(session)
      session.sparkContext.setJobGroup(id, id, interruptOnCancel = true)
      // A pool per thread, or a short statement would wait for all tasks of a long one.
      session.sparkContext.setLocalProperty("spark.scheduler.pool", Thread.currentThread.getName)
      val text = request.get("statement").asText
      replies.result(id, session.sql(text, StatementParameters.of(request, session)), () => !statement.cancelled)
      if (running.remove(id) != null) replies.done(id)
    } catch {
      // Fatal ones too, or nobody would hear of them; only the want of memory ends the process by itself.
      case error: Throwable => if (running.remove(id) != null) fail(statement, error)
    } finally {
      leaveThread()
    }
  }

  private def fail(statement: Running, error: Throwable): Unit = error match {
    // Whoever cancels may not have come to say so yet.
    case _ if statement.cancelled => replies.canceled(statement.id)
    case _: StackOverflowError => replies.failed(statement.id, new StatementTooDeep)
    case _ => replies.failed(statement.id, error)
  }

  private def leaveThread(): Unit = {
    SparkSession.clearActiveSession()
    spark.sparkContext.clearJobGroup()
    // A cancel that came late must not strike the next statement.
    Thread.interrupted()
  }
}
