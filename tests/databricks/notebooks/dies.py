# Databricks notebook source
import os

os._exit(137)
