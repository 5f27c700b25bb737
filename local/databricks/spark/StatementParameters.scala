package local.databricks

import scala.collection.JavaConverters._

import com.fasterxml.jackson.databind.JsonNode
import org.apache.spark.sql.{Column, SparkSession}
import org.apache.spark.sql.catalyst.expressions.{Cast, EvalMode, Literal}
import org.apache.spark.sql.catalyst.parser.CatalystSqlParser
import org.apache.spark.sql.types.{DataType, DecimalType, StringType}

/** The named parameters of a statement as typed literals, which Spark binds where the text names them. */
object StatementParameters {
  def of(request: JsonNode, session: SparkSession): Map[String, Any] =
    request.get("parameters").elements.asScala.map { parameter =>
      val value = Option(parameter.get("value")).filterNot(_.isNull).map(_.asText)
      parameter.get("name").asText -> new Column(literal(parameter.get("type").asText, value, session))
    }.toMap

  private def literal(typeName: String, value: Option[String], session: SparkSession): Literal = {
    val wanted = typeOf(typeName, value)
    val zone = session.sessionState.conf.sessionLocalTimeZone
    val cast = Cast(Literal.create(value.orNull, StringType), wanted, Some(zone), EvalMode.ANSI)
    Literal.create(cast.eval(), wanted)
  }

  // DECIMAL alone is DECIMAL(10,0), which would round the value.
  private def typeOf(name: String, value: Option[String]): DataType =
    if (name.equalsIgnoreCase("DECIMAL") && value.isDefined) decimalFor(BigDecimal(value.get))
    else CatalystSqlParser.parseDataType(name)

  private def decimalFor(value: BigDecimal): DataType = {
    val scale = math.max(value.scale, 0)
    DecimalType(math.max(value.precision - value.scale + scale, scale), scale)
  }
}
