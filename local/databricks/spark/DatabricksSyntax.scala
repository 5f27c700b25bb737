package local.databricks

import org.apache.spark.sql.SparkSessionExtensions
import org.apache.spark.sql.catalyst.{FunctionIdentifier, TableIdentifier}
import org.apache.spark.sql.catalyst.expressions.Expression
import org.apache.spark.sql.catalyst.parser.ParserInterface
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan
import org.apache.spark.sql.types.{DataType, StructType}

/** Statements of Databricks that Spark knows under another name: `USE CATALOG c` is `SET CATALOG c`. */
class DatabricksSyntax extends (SparkSessionExtensions => Unit) {
  override def apply(extensions: SparkSessionExtensions): Unit =
    extensions.injectParser((_, parser) => new DatabricksParser(parser))
}

private class DatabricksParser(spark: ParserInterface) extends ParserInterface {
  private val useCatalog = """(?is)\s*USE\s+CATALOG\s+(.+)""".r

  override def parsePlan(text: String): LogicalPlan = text match {
    case useCatalog(name) => spark.parsePlan(s"SET CATALOG $name")
    case other => spark.parsePlan(other)
  }

  override def parseQuery(text: String): LogicalPlan = spark.parseQuery(text)
  override def parseExpression(text: String): Expression = spark.parseExpression(text)
  override def parseTableIdentifier(text: String): TableIdentifier = spark.parseTableIdentifier(text)
  override def parseFunctionIdentifier(text: String): FunctionIdentifier = spark.parseFunctionIdentifier(text)
  override def parseMultipartIdentifier(text: String): Seq[String] = spark.parseMultipartIdentifier(text)
  override def parseTableSchema(text: String): StructType = spark.parseTableSchema(text)
  override def parseDataType(text: String): DataType = spark.parseDataType(text)
}
