"""The engine of SQL warehouses: statements come on stdin, a line of JSON each, and run side by side, each in a thread and on a cursor of
its own. A line with its outcome answers each; results themselves are written to files. What a statement wants of the catalog it asks for
by a line, and a line tells it."""

import json
import os
import queue
import sys
import threading

import duckdb
import macros
import statement
from errors import Failed, Refused, refused

# How long it takes to interrupt a statement again, which may not have begun to listen, in seconds.
AGAIN = 0.05
# What DuckDB holds in memory at most; the rest goes to its folder of temporary files.
MEMORY = "512MB"


class Run:
    """One statement under way."""

    def __init__(self, order, cursor, say):
        self.order = order
        self.cursor = cursor
        self.say = say
        self.told = queue.Queue()
        self.canceled = False

    def ask(self, method, path, body=None):
        """Has the catalog's API called as who runs the statement: its status and its body."""
        self.say({"id": self.order["run"], "ask": {"method": method, "path": path, "body": body}})
        told = self.told.get()
        return told["status"], told["body"]

    def check(self):
        """Ends the statement where it was canceled."""
        if self.canceled:
            raise duckdb.InterruptException("canceled")


class Engine:
    def __init__(self, folder):
        self.folder = folder
        self.runs = {}
        self.attached = set()
        self.lock = threading.Lock()
        # Answers have a descriptor of their own: what libraries print goes to the log.
        self.answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self.root = duckdb.connect(":memory:")
        self.root.execute(f"SET memory_limit = '{MEMORY}'")
        os.makedirs(os.path.join(folder, "tmp"), exist_ok=True)
        os.makedirs(os.path.join(folder, "catalogs"), exist_ok=True)
        self.root.execute("SET temp_directory = ?", [os.path.join(folder, "tmp")])
        self.root.execute(macros.MACROS)
        # Statements read no file of this machine but those of catalogs, and no network.
        self.root.execute("SET allowed_directories = [?]".replace("?", "'" + folder.replace("'", "''") + "'"))
        self.root.execute("SET enable_external_access = false")

    def say(self, words):
        with self.lock:
            self.answers.write(json.dumps(words) + "\n")
            self.answers.flush()

    def attach(self, catalogs):
        """Makes sure of the database of each catalog, and of its schemas."""
        with self.lock:
            for catalog in catalogs.values():
                key = catalog["key"]
                quoted = key.replace('"', '""')
                if key not in self.attached:
                    path = os.path.join(self.folder, "catalogs", key + ".duckdb").replace("'", "''")
                    self.root.execute(f"ATTACH IF NOT EXISTS '{path}' AS \"{quoted}\"")
                    self.attached.add(key)
                for schema in catalog["schemas"]:
                    named = (key, schema)
                    if named not in self.attached and schema != "information_schema":
                        name = schema.replace('"', '""')
                        self.root.execute(f'CREATE SCHEMA IF NOT EXISTS "{quoted}"."{name}"')
                        self.attached.add(named)

    def forget(self, key, schema):
        """Notes that a schema is gone."""
        with self.lock:
            self.attached.discard((key, schema))

    def serve(self):
        for line in sys.stdin:
            order = json.loads(line)
            if "run" in order:
                run = Run(order, self.root.cursor(), self.say)
                self.runs[order["run"]] = run
                threading.Thread(target=self.run, args=(run,), daemon=True).start()
            elif "tell" in order and order["tell"] in self.runs:
                self.runs[order["tell"]].told.put(order)
            elif "cancel" in order and order["cancel"] in self.runs:
                threading.Thread(target=self.cancel, args=(order["cancel"],), daemon=True).start()

    def cancel(self, name):
        while (run := self.runs.get(name)) is not None:
            run.canceled = True
            run.cursor.interrupt()
            threading.Event().wait(AGAIN)

    def run(self, run):
        name = run.order["run"]
        try:
            # What is set at a connection is not set at its cursors.
            run.cursor.execute("SET TimeZone = 'UTC'")
            # A division by zero is an error, of whatever types.
            run.cursor.execute("SET ieee_floating_point_ops = false")
            # sqlglot writes lambdas with an arrow.
            run.cursor.execute("SET lambda_syntax = 'ENABLE_SINGLE_ARROW'")
            self.attach(run.order["catalogs"])
            ended = {"end": statement.run(run, self)}
        except BaseException as error:
            ended = {"canceled": {}} if run.canceled else {"failed": told(error, run.order)}
        self.runs.pop(name, None)
        run.cursor.close()
        self.say({"id": name, **ended})


def told(error, order):
    """A failure in the API's words."""
    if not isinstance(error, Refused | Failed):
        error = refused(error, order)
    return {"code": error.code, "message": str(error), "sql_state": error.sql_state}


if __name__ == "__main__":
    Engine(sys.argv[1]).serve()
    # Whoever started it is gone: what still runs has nobody.
    os._exit(0)
