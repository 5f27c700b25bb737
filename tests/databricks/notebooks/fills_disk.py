# Databricks notebook source
import tempfile
import time

how = dbutils.widgets.get("how")
if how == "one file":
    with open("large", "wb") as file:
        for _ in range(64):
            file.write(b"x" * 1024 * 1024)
else:
    with open("scratch", "w") as file:
        file.write(tempfile.gettempdir())
    for number in range(64):
        with open(f"{tempfile.gettempdir()}/{number}", "wb") as file:
            file.write(b"x" * 1024 * 1024)
    time.sleep(600)
