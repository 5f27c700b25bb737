# Databricks notebook source
import json
import os
import ssl
import urllib.request

request = urllib.request.Request(
    os.environ["DATABRICKS_HOST"] + "/api/2.0/preview/scim/v2/Me",
    headers={"Authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"]},
)
with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])) as reply:
    dbutils.notebook.exit(json.load(reply)["userName"])
