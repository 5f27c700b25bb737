# Databricks notebook source
import multiprocessing
import os
import subprocess
import time

dbutils.widgets.text("last", "end")
started = []


def note(pid):
    started.append(pid)
    return pid


def forever():
    time.sleep(600)


# COMMAND ----------

# In its group, in a session of its own, and orphaned by a parent that has ended.
note(subprocess.Popen(["sleep", "600"]).pid)
note(subprocess.Popen(["sleep", "600"], start_new_session=True).pid)
orphan = subprocess.run(["sh", "-c", "setsid sleep 600 >/dev/null 2>&1 & echo $!"], capture_output=True, text=True)
note(int(orphan.stdout))
note(multiprocessing.get_context("fork").Process(target=forever, daemon=False))
started[-1].start()
started[-1] = started[-1].pid
pid = os.fork()
if pid == 0:
    os.setsid()
    if os.fork() == 0:
        with open("daemon.pid", "w") as file:
            file.write(str(os.getpid()))
        forever()
    os._exit(0)
os.waitpid(pid, 0)
while not os.path.exists("daemon.pid") or not (daemon := open("daemon.pid").read()):
    time.sleep(0.01)
note(int(daemon))

# COMMAND ----------

with open("pids.part", "w") as file:
    file.write(" ".join(map(str, started)))
os.replace("pids.part", "pids")
# Comes out of its cell like the notebook itself, but must not go on.
forked = os.fork()

# COMMAND ----------

with open("reached", "a") as file:
    file.write("once ")
if dbutils.widgets.get("last") == "sleep":
    forever()
