# Databricks notebook source
import zipfile

with zipfile.ZipFile("tiny_package-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("tiny_package.py", "version = '1.0'\n")
    wheel.writestr("tiny_package-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-package\nVersion: 1.0\n")
    wheel.writestr("tiny_package-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr("tiny_package-1.0.dist-info/RECORD", "")
