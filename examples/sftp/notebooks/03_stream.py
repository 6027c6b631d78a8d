# Databricks notebook source
# MAGIC %md
# MAGIC # Step 3: from one server to the other
# MAGIC New CSV files of the source go into a table, each of them once. The table goes to the target as one file.

# COMMAND ----------

dbutils.widgets.text("scope", "sftp-credentials")
dbutils.widgets.text("catalog", "sftp")
dbutils.widgets.text("schema", "config")
dbutils.widgets.text("source_path", "/customers")
dbutils.widgets.text("target_path", "/export/customers.csv")

scope, catalog, schema = (dbutils.widgets.get(name) for name in ("scope", "catalog", "schema"))
table = f"{catalog}.{schema}.customers"
checkpoints = f"/Volumes/{catalog}/{schema}/_checkpoints/customers"


def fact(name):
    return dbutils.secrets.get(scope, name)


# COMMAND ----------

address = f"sftp://{fact('source-username')}@{fact('source-host')}:{fact('source-port')}"
files = (
    spark.readStream.format("cloudFiles")
    .option("cloudFiles.format", "csv")
    .option("cloudFiles.schemaLocation", f"{checkpoints}/schema")
    .option("header", "true")
    .load(address + dbutils.widgets.get("source_path"))
)
query = files.writeStream.trigger(availableNow=True).option("checkpointLocation", f"{checkpoints}/data").toTable(table)
query.awaitTermination()

# COMMAND ----------

from CustomDataSource import SFTPDataSource

spark.dataSource.register(SFTPDataSource)

(
    spark.table(table)
    .write.format("sftp")
    .option("host", fact("target-host"))
    .option("port", fact("target-port"))
    .option("username", fact("target-username"))
    .option("private_key_content", fact("ssh-private-key"))
    .option("key_fingerprint", fact("target-key-fingerprint"))
    .option("path", dbutils.widgets.get("target_path"))
    .option("format", "csv")
    .option("header", "true")
    .option("single_file", "true")
    .mode("overwrite")
    .save()
)
