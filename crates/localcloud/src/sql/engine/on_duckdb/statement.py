"""One statement from its text to its outcome."""

import logging

import results
from errors import Refused
from on_duckdb import dialect, types
from sqlglot import exp

logging.getLogger("sqlglot").setLevel(logging.CRITICAL)


def executed(run, session):
    tree, parameters = dialect.translated(run.order, session)
    if isinstance(tree, exp.Command):
        return explained(run, session, tree)
    sql = tree.sql("duckdb")
    if isinstance(tree, exp.Query):
        return types.write(run, sql, parameters)
    run.check()
    if isinstance(tree, exp.Create) and tree.kind == "TABLE" and isinstance(tree.expression, exp.Query):
        count = rows_of(run.connection.cursor.execute(sql, parameters or None))
        return results.counted(run, num_affected_rows=count, num_inserted_rows=count)
    if isinstance(tree, exp.Insert) and tree.args.get("overwrite"):
        return overwritten(run, tree, parameters)
    if isinstance(tree, exp.DML):
        count = rows_of(run.connection.cursor.execute(sql, parameters or None))
        names = {"num_affected_rows": count}
        if isinstance(tree, exp.Insert):
            names["num_inserted_rows"] = count
        return results.counted(run, **names)
    run.connection.cursor.execute(sql, parameters or None)
    return results.EMPTY


def explained(run, session, tree):
    """The plan of a statement, as DuckDB makes it. No other statement that sqlglot does not read is handed on."""
    if tree.name.upper() != "EXPLAIN":
        raise Refused("UNSUPPORTED_FEATURE", f"The local cloud does not run {tree.name.upper()}.", "0A000")
    order = {**run.order, "statement": tree.expression.name}
    of, parameters = dialect.translated(order, session)
    plan = run.connection.cursor.execute("EXPLAIN " + of.sql("duckdb"), parameters or None).fetchall()
    return results.table(run, ["plan"], [("== Physical Plan ==\n" + plan[0][1],)])


def overwritten(run, tree, parameters):
    """INSERT OVERWRITE: what was there goes, at once with what comes."""
    tree.set("overwrite", False)
    table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    run.connection.cursor.execute("BEGIN")
    try:
        run.connection.cursor.execute(f"DELETE FROM {table.sql('duckdb')}")
        count = rows_of(run.connection.cursor.execute(tree.sql("duckdb"), parameters or None))
        run.connection.cursor.execute("COMMIT")
    except BaseException:
        run.connection.cursor.execute("ROLLBACK")
        raise
    return results.counted(run, num_affected_rows=count, num_inserted_rows=count)


def rows_of(cursor):
    row = cursor.fetchone()
    return row[0] if row else 0
