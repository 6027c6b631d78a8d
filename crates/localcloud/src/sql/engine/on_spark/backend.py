"""Spark itself, by PySpark: one JVM for all, on loopback, and a session per statement.

Spark's own catalog has two levels, and one of three would be a program in Java. So a schema of a catalog is a database of Spark's catalog in
memory, and names in statements are exchanged for its (`names.py`): where Spark's own parser finds them, so that all else is left as it was
written. Tables are Parquet, in the local cloud's folder; they end with the process, because that catalog does."""

import logging
import os
import re
import shutil
import sys
import threading

import results
from errors import missing_table
from on_spark import names, refusals, types

# Tasks at a time: of several statements, because one takes no more than PARTS.
SLOTS = 16
PARTS = 2
# What the JVM holds in memory at most.
MEMORY = "1g"


class Backend:
    def __init__(self, folder):
        warehouse, temporary = os.path.join(folder, "warehouse"), os.path.join(folder, "tmp")
        # What a process before had there, no catalog knows any more.
        for path in (warehouse, temporary):
            shutil.rmtree(path, ignore_errors=True)
            os.makedirs(path)
        # Nobody but this machine is listened to, and nothing is written but in the folder.
        os.environ.update(SPARK_LOCAL_IP="127.0.0.1", TMPDIR=temporary, PYSPARK_PYTHON=sys.executable)
        # It writes each error of a statement, which its client is told.
        logging.getLogger("SQLQueryContextLogger").disabled = True
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master(f"local[{SLOTS}]").appName("localcloud")
        for key, value in {
            "spark.default.parallelism": str(PARTS),
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.extraJavaOptions": f"-Djava.io.tmpdir={temporary} -XX:-UsePerfData -Duser.timezone=UTC",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.memory": MEMORY,
            "spark.local.dir": temporary,
            "spark.scheduler.mode": "FAIR",
            "spark.sql.ansi.enabled": "true",
            "spark.sql.catalogImplementation": "in-memory",
            # Statements read no file of this machine.
            "spark.sql.runSQLOnFiles": "false",
            "spark.sql.session.timeZone": "Etc/UTC",
            "spark.sql.shuffle.partitions": str(PARTS),
            "spark.sql.sources.default": "parquet",
            "spark.sql.warehouse.dir": warehouse,
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
        }.items():
            builder = builder.config(key, value)
        self.root = builder.getOrCreate()
        self.root.sparkContext.setLogLevel("ERROR")
        # Spark's database of each schema, by the catalog's key and the schema's name.
        self.databases = {}
        self.made = 0
        self.lock = threading.Lock()

    def connect(self, run):
        return Connection(self, run)

    def attach(self, catalogs):
        """Makes sure of the database of each schema."""
        with self.lock:
            for catalog in catalogs.values():
                for schema in catalog["schemas"]:
                    if (catalog["key"], schema) in self.databases:
                        continue
                    # Spark takes letters and digits alone; the number tells schemas of one name apart.
                    self.made += 1
                    database = re.sub(r"\W", "_", schema, flags=re.ASCII) + f"_{self.made}"
                    self.root.sql(f"CREATE DATABASE {database}")
                    self.databases[catalog["key"], schema] = database

    def refused(self, error, order):
        schemas = {
            self.databases.get((catalog["key"], schema)): (name, schema)
            for name, catalog in order["catalogs"].items()
            for schema in catalog["schemas"]
        }
        return refusals.refused(error, order, schemas)


class Connection:
    """Where one statement runs."""

    def __init__(self, backend, run):
        self.backend, self.run = backend, run
        self.spark = backend.root.newSession()
        self.context = backend.root.sparkContext
        # Its jobs carry its name.
        self.context.addJobTag(run.order["run"])

    def interrupt(self):
        self.context.cancelJobsWithTag(self.run.order["run"])

    def close(self):
        self.context.clearJobTags()

    def execute(self, session):
        statement = names.Statement(self.spark, session, self.backend.databases)
        # Where errors stand in what was written is the statement's to say.
        self.run.order["moved"] = statement
        database = self.backend.databases.get((session.key(session.catalog), session.schema))
        if database is not None:
            self.spark.catalog.setCurrentDatabase(database)
        frame = self.spark.sql(statement.text, args=statement.parameters or None)
        count = self.changed(frame._jdf.queryExecution().commandExecuted())
        if statement.replaced is not None:
            new, old = statement.replaced
            self.spark.sql(f"DROP TABLE IF EXISTS {old}")
            self.spark.sql(f"ALTER TABLE {new} RENAME TO {old}")
        if count is not None:
            return results.counted(self.run, num_affected_rows=count, num_inserted_rows=count)
        return types.write(self.run, frame) if frame.columns else results.EMPTY

    def changed(self, executed):
        """How many rows a statement wrote; nothing for one that does not write."""
        if executed.getClass().getSimpleName() != "CommandResult":
            return None
        command = executed.commandLogicalPlan()
        if command.getClass().getSimpleName() == "CreateDataSourceTableAsSelectCommand":
            return self.spark.table(command.table().identifier().quotedString()).count()
        metrics = executed.commandPhysicalPlan().metrics()
        return metrics.apply("numOutputRows").value() if metrics.contains("numOutputRows") else None

    def tables(self, key, schema):
        """The tables and views of a schema, and whether each is a view."""
        database = self.backend.databases[key, schema]
        views = {row.viewName for row in self.spark.sql(f"SHOW VIEWS IN {database}").collect()}
        all_of_them = self.spark.sql(f"SHOW TABLES IN {database}").collect()
        return [(row.tableName, row.tableName in views) for row in all_of_them if not row.isTemporary]

    def columns(self, key, schema, table):
        """The columns of a table: name, kind, and whether it may be NULL."""
        name = names.quoted(self.backend.databases[key, schema], table)
        if not self.spark.catalog.tableExists(name):
            raise missing_table(table, self.run.order)
        # A file may lack any column: what was said of them the catalog alone knows.
        may_be_null = {of.name: of.nullable for of in self.spark.catalog.listColumns(name)}
        return [(of.name, types.kind_of(of.dataType), may_be_null[of.name]) for of in self.spark.table(name).schema.fields]

    def drop_schema(self, key, schema):
        with self.backend.lock:
            database = self.backend.databases.pop((key, schema), None)
        if database is not None:
            self.spark.sql(f"DROP DATABASE IF EXISTS {database} CASCADE")
