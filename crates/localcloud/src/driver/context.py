"""One execution context: commands come on stdin, a line of JSON each, and a line with its results answers each. Names live on from one
command to the next. What a command starts outlives it and ends with the context."""

import ast
import base64
import contextlib
import ctypes
import io
import json
import linecache
import os
import signal
import sys
import traceback


def adopt_orphans():
    """What commands leave behind stays below this process (PR_SET_CHILD_SUBREAPER), and is found there at the end."""
    try:
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    except (AttributeError, OSError):
        pass


ROWS = 10_000


class Shown:
    """What a command displayed: a table or images stand in place of its text."""

    def __init__(self):
        self.table = None
        self.images = []

    def display(self, value, *more):
        if isinstance(value, (bytes, bytearray)):
            self.images.append("data:image/png;base64," + base64.b64encode(bytes(value)).decode())
        elif hasattr(value, "fetchall") and getattr(value, "description", None):
            names = [column[0] for column in value.description]
            self.table = (names, [list(row) for row in value.fetchall()])
        elif isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            names = list(value[0])
            self.table = (names, [[row.get(name) for name in names] for row in value])
        elif isinstance(value, list) and value and all(isinstance(row, (list, tuple)) for row in value):
            self.table = ([f"_{number + 1}" for number in range(len(value[0]))], [list(row) for row in value])
        else:
            print(value)
        for other in more:
            self.display(other)


def kind_of(values):
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, bool) for value in present):
        return "boolean"
    if present and all(isinstance(value, int) for value in present):
        return "long"
    if present and all(isinstance(value, (int, float)) for value in present):
        return "double"
    return "string"


def plain(value):
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def results_of(shown, text):
    if shown.table is not None:
        names, rows = shown.table
        schema = [
            {"name": name, "type": json.dumps(kind_of([row[at] for row in rows])), "metadata": "{}"}
            for at, name in enumerate(names)
        ]
        data = [[plain(value) for value in row] for row in rows[:ROWS]]
        return {"resultType": "table", "schema": schema, "data": data, "truncated": len(rows) > ROWS, "isJsonSchema": True}
    if len(shown.images) == 1:
        return {"resultType": "image", "fileName": shown.images[0]}
    if shown.images:
        return {"resultType": "images", "fileNames": shown.images}
    return {"resultType": "text", "data": text}


def run(code, names, number):
    """The results of a command; the value of its last expression is shown, as in a notebook."""
    file = f"<command-{number}>"
    linecache.cache[file] = (len(code), None, code.splitlines(True), file)
    shown, text = Shown(), io.StringIO()
    names["display"] = shown.display
    try:
        with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
            tree = ast.parse(code, file)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, file, "exec"), names)
            if last is not None:
                value = eval(compile(ast.Expression(last.value), file, "eval"), names)
                if value is not None:
                    print(repr(value))
        return {"status": "Finished", "results": results_of(shown, text.getvalue())}
    except KeyboardInterrupt:
        return {"status": "Cancelled", "results": None}
    except BaseException as error:
        trace = "".join(traceback.format_exception(type(error), error, error.__traceback__.tb_next))
        cause = text.getvalue() + trace
        summary = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return {"status": "Finished", "results": {"resultType": "error", "summary": summary, "cause": cause}}


def main():
    adopt_orphans()
    # The answers have a descriptor of their own: what commands and their children write goes to the driver's log.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    orders = os.fdopen(os.dup(0), encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    names = {"__name__": "__main__"}
    for number, line in enumerate(orders):
        order = json.loads(line)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            answer = run(order["code"], names, number)
        except KeyboardInterrupt:
            answer = {"status": "Cancelled", "results": None}
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        answer["command"] = order["command"]
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


main()
