# Databricks notebook source
# MAGIC %md
# MAGIC # Step 2: the connection
# MAGIC Auto Loader takes the connection whose host and user are those of the address. Its secrets are shown to nobody.

# COMMAND ----------

dbutils.widgets.text("connection", "sftp_source")
connection = dbutils.widgets.get("connection")

# COMMAND ----------

display(spark.sql(f"DESCRIBE CONNECTION `{connection}`"))

# COMMAND ----------

display(spark.sql(f"SHOW GRANTS ON CONNECTION `{connection}`"))
