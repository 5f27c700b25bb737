# Databricks notebook source
# MAGIC %sql SELECT 1
