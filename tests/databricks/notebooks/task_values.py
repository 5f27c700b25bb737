# Databricks notebook source
import json

values = dbutils.jobs.taskValues
if dbutils.widgets.get("role") == "sets":
    values.set(key="rows", value={"train": 3})
    values.set("names", ["a"])
    dbutils.notebook.exit("")


def attempt(action):
    try:
        return action()
    except ValueError as error:
        return str(error)


dbutils.notebook.exit(
    json.dumps(
        [
            values.get(taskKey="first", key="rows", debugValue=0),
            values.get("first", "nothing", default=7),
            attempt(lambda: values.get("first", "nothing")),
            attempt(lambda: values.set("large", "x" * 50_000)),
        ]
    )
)
