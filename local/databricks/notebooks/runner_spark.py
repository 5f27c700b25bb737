"""Spark in a notebook: the session that its cluster's driver holds ready for it."""

from __future__ import annotations

import os
import sys
from typing import Any

from runner_request import Request

TAKEN = "NOTEBOOK_SESSION_TAKEN"


def has_cluster() -> bool:
    """Whether the notebook runs on a cluster with Spark."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


def attach(request: Request, imports: list[str]) -> dict[str, Any]:
    """Attaches to the driver; gives what a notebook's namespace has of Spark.

    `imports` are the folders from which Python workers import beside what is installed.
    """
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession, SQLContext

    gateway: Any = launch_gateway()  # type: ignore[no-untyped-call]
    jvm = gateway.jvm
    java_session = jvm.SparkSession.getActiveSession().get()
    # A notebook that another one runs shares its gateway, and gets a session of its own.
    if os.environ.setdefault(TAKEN, request["logFolder"]) != request["logFolder"]:
        java_session = java_session.newSession()
        jvm.SparkSession.setActiveSession(java_session)
    java_context = jvm.org.apache.spark.api.java.JavaSparkContext.fromSparkContext(java_session.sparkContext())
    context = SparkContext(gateway=gateway, jsc=java_context, conf=SparkConf(_jconf=java_context.getConf()))
    context.environment.update(PYTHONPATH=os.pathsep.join(imports), WORKSPACE_ROOT=request["workspaceRoot"])
    session = SparkSession(context, java_session)
    SparkSession.stop = SparkContext.stop = _stay  # type: ignore[method-assign, assignment]
    return {"spark": session, "sc": context, "sqlContext": SQLContext(context, session)}


def _stay(_self: object) -> None:
    print("stop() does nothing here: the Spark session belongs to the cluster.", file=sys.stderr)
