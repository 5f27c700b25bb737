package local.databricks

/** A program that starts Spark and serves commands from standard input until that ends. */
trait SparkProgram {
  /** Where the answers go: whatever else prints, must not get between them and goes to the log. */
  protected val answers = System.out

  /** Returns when standard input has ended. */
  protected def serve(): Unit

  def main(arguments: Array[String]): Unit = {
    System.setOut(System.err)
    try serve()
    catch {
      // Threads of Spark would keep a half-started process alive.
      case error: Throwable =>
        error.printStackTrace()
        Runtime.getRuntime.halt(1)
    }
    // Not stopped in order: what is uncommitted is nothing, and threads that are left must not keep it open.
    Runtime.getRuntime.halt(0)
  }
}
