"""DuckDB, to which sqlglot translates: a database per catalog, which is a file, and a cursor per statement."""

import os
import threading

import duckdb
from on_duckdb import macros, refusals, statement
from on_duckdb.types import kind_of

# What DuckDB holds in memory at most; the rest goes to its folder of temporary files.
MEMORY = "512MB"


class Backend:
    def __init__(self, folder):
        self.folder = folder
        self.attached = set()
        self.lock = threading.Lock()
        self.root = duckdb.connect(":memory:")
        self.root.execute(f"SET memory_limit = '{MEMORY}'")
        os.makedirs(os.path.join(folder, "tmp"), exist_ok=True)
        os.makedirs(os.path.join(folder, "catalogs"), exist_ok=True)
        self.root.execute("SET temp_directory = ?", [os.path.join(folder, "tmp")])
        self.root.execute(macros.MACROS)
        # Statements read no file of this machine but those of catalogs, and no network.
        self.root.execute("SET allowed_directories = [?]".replace("?", "'" + folder.replace("'", "''") + "'"))
        self.root.execute("SET enable_external_access = false")

    def connect(self, _):
        return Connection(self, self.root.cursor())

    def attach(self, catalogs):
        """Makes sure of the database of each catalog, and of its schemas."""
        with self.lock:
            for catalog in catalogs.values():
                key = catalog["key"]
                if key not in self.attached:
                    path = os.path.join(self.folder, "catalogs", key + ".duckdb").replace("'", "''")
                    self.root.execute(f"ATTACH IF NOT EXISTS '{path}' AS {name(key)}")
                    self.attached.add(key)
                for schema in catalog["schemas"]:
                    if (key, schema) not in self.attached and schema != "information_schema":
                        self.root.execute(f"CREATE SCHEMA IF NOT EXISTS {name(key, schema)}")
                        self.attached.add((key, schema))

    def refused(self, error, order):
        return refusals.refused(error, order)


class Connection:
    """Where one statement runs."""

    def __init__(self, backend, cursor):
        self.backend, self.cursor = backend, cursor
        # What is set at a connection is not set at its cursors.
        cursor.execute("SET TimeZone = 'UTC'")
        # A division by zero is an error, of whatever types.
        cursor.execute("SET ieee_floating_point_ops = false")
        # sqlglot writes lambdas with an arrow.
        cursor.execute("SET lambda_syntax = 'ENABLE_SINGLE_ARROW'")

    def interrupt(self):
        self.cursor.interrupt()

    def close(self):
        self.cursor.close()

    def execute(self, session):
        return statement.executed(session.run, session)

    def tables(self, key, schema):
        """The tables and views of a schema, and whether each is a view."""
        return self.cursor.execute(
            "SELECT table_name, false FROM duckdb_tables() WHERE database_name = $k AND schema_name = $s UNION ALL "
            "SELECT view_name, true FROM duckdb_views() WHERE database_name = $k AND schema_name = $s AND NOT internal",
            {"k": key, "s": schema},
        ).fetchall()

    def columns(self, key, schema, table):
        """The columns of a table: name, kind, and whether it may be NULL."""
        shape = self.cursor.sql(f"SELECT * FROM {name(key, schema, table)}")
        filled = self.cursor.execute(
            "SELECT column_name FROM duckdb_columns() WHERE database_name = $k AND schema_name = $s AND lower(table_name) = lower($t) "
            "AND NOT is_nullable",
            {"k": key, "s": schema, "t": table},
        ).fetchall()
        return [(column, kind_of(of), (column,) not in filled) for column, of in zip(shape.columns, shape.types)]

    def drop_schema(self, key, schema):
        self.cursor.execute(f"DROP SCHEMA IF EXISTS {name(key, schema)} CASCADE")
        with self.backend.lock:
            self.backend.attached.discard((key, schema))


def name(*parts):
    """A name as DuckDB reads it."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)
