"""Executes one notebook the way a cluster's driver does. The task comes on stdin as JSON, the outcome goes to a file."""

import base64
import ctypes
import json
import os
import sys
import traceback
import types
import urllib.request


class NotebookExit(BaseException):
    """dbutils.notebook.exit was called."""


class Some:
    """An option of the notebook's context, which is a Scala object on a real driver."""

    def __init__(self, value):
        self._value = value

    def get(self):
        if self._value is None:
            raise ValueError("None.get")
        return self._value

    def isDefined(self):
        return self._value is not None

    def isEmpty(self):
        return self._value is None

    def getOrElse(self, other):
        return other if self._value is None else self._value


class Widgets:
    def __init__(self, values):
        self._values = dict(values)

    def get(self, name):
        if name not in self._values:
            raise ValueError(f"No input widget named {name} is defined")
        return self._values[name]

    def getAll(self):
        return dict(self._values)

    def text(self, name, defaultValue, label=None):
        self._values.setdefault(name, defaultValue)

    def dropdown(self, name, defaultValue, choices, label=None):
        self._values.setdefault(name, defaultValue)

    combobox = dropdown
    multiselect = dropdown

    def remove(self, name):
        self._values.pop(name, None)

    def removeAll(self):
        self._values.clear()


class Context:
    def __init__(self, task):
        self._values = {
            "apiUrl": os.environ["DATABRICKS_HOST"],
            "apiToken": os.environ["DATABRICKS_TOKEN"],
            "clusterId": task["cluster_id"],
            "notebookPath": task["notebook_path"],
            "userName": task["user"],
        }

    def __getattr__(self, name):
        value = self._values.get(name)
        return lambda: Some(value)


class Notebook:
    def __init__(self, task):
        context = Context(task)
        notebook = types.SimpleNamespace(getContext=lambda: context)
        inner = types.SimpleNamespace(notebook=lambda: notebook)
        self.entry_point = types.SimpleNamespace(getDbutils=lambda: inner)

    def exit(self, value=""):
        raise NotebookExit(str(value))


class Secrets:
    def _call(self, path):
        # The name of the host is for routing: it always is this machine.
        host = os.environ["DATABRICKS_HOST"].split("://", 1)[1]
        request = urllib.request.Request(
            f"http://127.0.0.1:{host.rsplit(':', 1)[1]}{path}",
            headers={"Host": host, "Authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"]},
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as reply:
            return json.load(reply)

    def getBytes(self, scope, key):
        from urllib.parse import urlencode

        return base64.b64decode(self._call("/api/2.0/secrets/get?" + urlencode({"scope": scope, "key": key}))["value"])

    def get(self, scope, key):
        return self.getBytes(scope, key).decode()


def adopt_orphans():
    """What a notebook's processes leave behind stays below this process (PR_SET_CHILD_SUBREAPER), and is found there at the end."""
    try:
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    except (AttributeError, OSError):
        pass


def main():
    adopt_orphans()
    task = json.load(sys.stdin)
    outcome = {"result": None, "error": None, "error_trace": None}
    code = 0
    dbutils = types.SimpleNamespace(widgets=Widgets(task["parameters"]), notebook=Notebook(task), secrets=Secrets())
    try:
        with open(task["notebook"], encoding="utf-8") as file:
            source = file.read()
        if task.get("arguments") is not None:
            # A file knows its arguments and its neighbours.
            sys.argv = [task["notebook"], *task["arguments"]]
            sys.path.insert(0, os.path.dirname(task["notebook"]))
        program = compile(source, task["notebook_path"], "exec")
        exec(program, {"__name__": "__main__", "dbutils": dbutils, "displayHTML": print, "display": print})
    except NotebookExit as exit:
        outcome["result"] = exit.args[0]
    except SystemExit as exit:
        if exit.code not in (None, 0):
            outcome["error"] = f"SystemExit: {exit.code}"
            outcome["error_trace"] = traceback.format_exc()
            code = 1
    except BaseException as error:
        outcome["error"] = f"{type(error).__name__}: {error}"
        outcome["error_trace"] = traceback.format_exc()
        code = 1
    partial = task["report"] + ".partial"
    with open(partial, "w", encoding="utf-8") as file:
        json.dump(outcome, file)
    os.replace(partial, task["report"])
    sys.exit(code)


main()
