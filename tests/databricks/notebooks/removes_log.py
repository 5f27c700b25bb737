# Databricks notebook source
import shutil
import sys
from pathlib import Path

shutil.rmtree(Path(sys.path[0]).parent)
