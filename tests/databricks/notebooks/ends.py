# Databricks notebook source
import ctypes
import os
import signal
import sys

how = dbutils.widgets.get("how")
print("before", flush=True)
if how == "sys.exit":
    sys.exit("enough")
if how == "sys.exit nothing":
    sys.exit()
if how == "interrupt":
    os.kill(os.getpid(), signal.SIGINT)
if how == "os._exit":
    os._exit(0)
if how == "segfault":
    ctypes.string_at(0)
if how == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
if how == "result":
    dbutils.notebook.exit("é" * 3 * 1024 * 1024)
