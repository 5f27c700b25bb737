# Databricks notebook source
# MAGIC %sh echo "$$" > shell.pid && exec sleep 600
