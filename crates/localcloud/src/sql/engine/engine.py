"""The engine of SQL warehouses: statements come on stdin, a line of JSON each, and run side by side, each in a thread and on a connection of
its own. A line with its outcome answers each; results themselves are written to files. What a statement wants of the catalog it asks for
by a line, and a line tells it. What runs SQL is a backend: `on_duckdb` or `on_spark`, as the command line names it."""

import importlib
import json
import os
import queue
import sys
import threading

import catalogs
from errors import Canceled, Failed, Refused

# How long it takes to interrupt a statement again, which may not have begun to listen, in seconds.
AGAIN = 0.05


class Run:
    """One statement under way."""

    def __init__(self, order, say):
        self.order = order
        self.say = say
        self.told = queue.Queue()
        self.canceled = False
        # The backend's, once the statement has its turn.
        self.connection = None

    def ask(self, method, path, body=None):
        """Has the catalog's API called as who runs the statement: its status and its body."""
        self.say({"id": self.order["run"], "ask": {"method": method, "path": path, "body": body}})
        told = self.told.get()
        return told["status"], told["body"]

    def check(self):
        """Ends the statement where it was canceled."""
        if self.canceled:
            raise Canceled


class Engine:
    def __init__(self, folder, backend):
        self.runs = {}
        self.lock = threading.Lock()
        # Answers have a descriptor of their own: what libraries print goes to the log.
        self.answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self.backend = importlib.import_module(f"on_{backend}.backend").Backend(folder)

    def say(self, words):
        with self.lock:
            self.answers.write(json.dumps(words) + "\n")
            self.answers.flush()

    def serve(self):
        for line in sys.stdin:
            order = json.loads(line)
            if "run" in order:
                run = Run(order, self.say)
                self.runs[order["run"]] = run
                threading.Thread(target=self.run, args=(run,), daemon=True).start()
            elif "tell" in order and order["tell"] in self.runs:
                self.runs[order["tell"]].told.put(order)
            elif "cancel" in order and order["cancel"] in self.runs:
                threading.Thread(target=self.cancel, args=(order["cancel"],), daemon=True).start()

    def cancel(self, name):
        while (run := self.runs.get(name)) is not None:
            run.canceled = True
            if run.connection is not None:
                run.connection.interrupt()
            threading.Event().wait(AGAIN)

    def run(self, run):
        name = run.order["run"]
        try:
            run.connection = self.backend.connect(run)
            self.backend.attach(run.order["catalogs"])
            run.check()
            ended = {"end": catalogs.executed(run)}
        except BaseException as error:
            ended = {"canceled": {}} if run.canceled else {"failed": self.told(error, run.order)}
        self.runs.pop(name, None)
        if run.connection is not None:
            run.connection.close()
        self.say({"id": name, **ended})

    def told(self, error, order):
        """A failure in the API's words."""
        if not isinstance(error, Refused | Failed):
            error = self.backend.refused(error, order)
        return {"code": error.code, "message": str(error), "sql_state": error.sql_state}


if __name__ == "__main__":
    Engine(*sys.argv[1:]).serve()
    # Whoever started it is gone: what still runs has nobody.
    os._exit(0)
