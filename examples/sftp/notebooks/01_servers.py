# Databricks notebook source
# MAGIC %md
# MAGIC # Step 1: are the servers there?
# MAGIC Terraform has put the scope, the connection, the catalog and the wheel in place. This looks whether both servers can be reached
# MAGIC with the key in the scope, and whether they show the host keys that are expected.

# COMMAND ----------

dbutils.widgets.text("scope", "sftp-credentials")
scope = dbutils.widgets.get("scope")


def fact(name):
    return dbutils.secrets.get(scope, name)


# COMMAND ----------

from CustomDataSource import SFTPConnectionTester

for server in ("source", "target"):
    tester = SFTPConnectionTester(
        host=fact(f"{server}-host"),
        port=int(fact(f"{server}-port")),
        username=fact(f"{server}-username"),
        private_key_content=fact("ssh-private-key"),
        key_fingerprint=fact(f"{server}-key-fingerprint"),
    )
    with tester as connection:
        print(server, connection.list_files("."))
