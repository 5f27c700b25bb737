package local.databricks

import java.io.{BufferedWriter, OutputStream, OutputStreamWriter, StringWriter}
import java.nio.charset.StandardCharsets.UTF_8

import scala.collection.JavaConverters._

import com.fasterxml.jackson.core.{JsonFactory, JsonGenerator}
import org.apache.spark.SparkThrowable
import org.apache.spark.sql.{Column, DataFrame, Row}
import org.apache.spark.sql.functions.{base64, col, to_json}
import org.apache.spark.sql.types._

/**
 * Answers of a warehouse as JSON lines: for a statement `{"id", "columns": [{"name", "type"}]}`, any number of
 * `{"id", "rows": [[…]]}`, then `{"id", "end": "done" | "canceled" | "failed"}`, a failure with `errorClass`, `sqlState` and `message`.
 * Rows are never held all at once.
 */
class WarehouseReplies(output: OutputStream) {
  private val writer = new BufferedWriter(new OutputStreamWriter(output, UTF_8))
  private val factory = new JsonFactory()
  private val rowsPerLine = 1000
  private val charactersPerLine = 1024 * 1024
  private val charactersMost = 64L * 1024 * 1024
  private val messageMost = 8000
  // Numbers beyond lose digits in JSON's usual readers.
  private val safeLong = (1L << 53) - 1

  def ready(): Unit = line("ready")
  def done(id: String): Unit = end(id, "done")(_ => ())
  def canceled(id: String): Unit = end(id, "canceled")(_ => ())

  def failed(id: String, thrown: Throwable): Unit = end(id, "failed") { json =>
    val cause = telling(thrown)
    val (errorClass, sqlState) = cause match {
      case error: ResultTooLarge => ("RESULT_TOO_LARGE", "54000")
      case error: StatementTooDeep => ("FAILED_TO_PARSE_TOO_COMPLEX", "54001")
      case error: SparkThrowable => (error.getErrorClass, error.getSqlState)
      case _ => (null, null)
    }
    json.writeStringField("errorClass", Option(errorClass).getOrElse(""))
    json.writeStringField("sqlState", Option(sqlState).getOrElse(""))
    json.writeStringField("message", Option(cause.getMessage).getOrElse(cause.toString).take(messageMost))
  }

  /** Sends columns and rows while they are wanted. */
  def result(id: String, frame: DataFrame, wanted: () => Boolean): Unit = {
    val fields = frame.schema.fields
    about(id) { json =>
      json.writeArrayFieldStart("columns")
      for (field <- fields) {
        json.writeStartObject()
        json.writeStringField("name", field.name)
        json.writeStringField("type", field.dataType.catalogString)
        json.writeEndObject()
      }
      json.writeEndArray()
    }
    if (fields.nonEmpty) sendRows(id, plain(frame).toLocalIterator().asScala, wanted)
  }

  private def sendRows(id: String, rows: Iterator[Row], wanted: () => Boolean): Unit = {
    var characters = 0L
    while (rows.hasNext && wanted()) {
      characters += about(id) { json =>
        json.writeArrayFieldStart("rows")
        var count = 0
        while (rows.hasNext && count < rowsPerLine && json.getOutputBuffered + written(json) < charactersPerLine) {
          writeRow(json, rows.next())
          count += 1
        }
        json.writeEndArray()
      }
      if (characters > charactersMost) throw new ResultTooLarge(charactersMost)
    }
  }

  private def written(json: JsonGenerator): Int = json.getOutputTarget.asInstanceOf[StringWriter].getBuffer.length

  /** The same rows with text for what JSON has no value for. Columns go by position: their names may repeat. */
  private def plain(frame: DataFrame): DataFrame = {
    val fields = frame.schema.fields
    val positions = fields.indices.map(i => s"_$i")
    frame.toDF(positions: _*).select(fields.zip(positions).map { case (field, name) => plain(col(name), field.dataType) }: _*)
  }

  private def plain(column: Column, kind: DataType): Column = kind match {
    case BooleanType | ByteType | ShortType | IntegerType | LongType | FloatType | DoubleType | StringType | NullType => column
    case BinaryType => base64(column)
    case _: ArrayType | _: MapType | _: StructType => to_json(column, Map("ignoreNullFields" -> "false"))
    case _ => column.cast(StringType)
  }

  private def writeRow(json: JsonGenerator, row: Row): Unit = {
    json.writeStartArray()
    for (i <- 0 until row.length) row.get(i) match {
      case null => json.writeNull()
      case value: Boolean => json.writeBoolean(value)
      case value: Long if math.abs(value) > safeLong || value == Long.MinValue => json.writeString(value.toString)
      case value: Long => json.writeNumber(value)
      case value: Float if value.isNaN || value.isInfinite => json.writeString(value.toString)
      case value: Float => json.writeNumber(value)
      case value: Double if value.isNaN || value.isInfinite => json.writeString(value.toString)
      case value: Double => json.writeNumber(value)
      case value: String => json.writeString(value)
      case value: Number => json.writeNumber(value.intValue)
      case value => json.writeString(value.toString)
    }
    json.writeEndArray()
  }

  /** What tells most: a job's failure wraps what a task has thrown. */
  private def telling(thrown: Throwable): Throwable =
    Iterator.iterate(thrown)(_.getCause).takeWhile(_ != null).take(20).toList.reverse
      .find { case error: SparkThrowable => error.getErrorClass != null; case _ => false }
      .getOrElse(thrown)

  private def end(id: String, how: String)(more: JsonGenerator => Unit): Unit = about(id) { json =>
    json.writeStringField("end", how)
    more(json)
  }

  private def about(id: String)(write: JsonGenerator => Unit): Int = {
    val text = new StringWriter()
    val json = factory.createGenerator(text)
    json.writeStartObject()
    json.writeStringField("id", id)
    write(json)
    json.writeEndObject()
    json.close()
    line(text.toString)
    text.getBuffer.length
  }

  private def line(text: String): Unit = synchronized {
    writer.write(text)
    writer.write('\n')
    writer.flush()
  }
}

/** More rows than a statement may give at once. */
class ResultTooLarge(charactersMost: Long)
    extends RuntimeException(s"[RESULT_TOO_LARGE] The result has more than ${charactersMost >> 20} MiB.")

/** A statement whose parts lie deeper in each other than the stack reaches; Spark 4 has this class and state for it. */
class StatementTooDeep
    extends RuntimeException("[FAILED_TO_PARSE_TOO_COMPLEX] The statement is too complex: divide it into several.")
