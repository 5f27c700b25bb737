# Databricks notebook source
import builtins

mine = dbutils.widgets.get("mine")
before = getattr(builtins, "leak", "nothing")
builtins.leak = mine
dbutils.notebook.exit(f"{mine} {before} {'other' in globals()}")
