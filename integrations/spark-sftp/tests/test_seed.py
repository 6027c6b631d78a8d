"""
The steps of databricks-sftp-data-source's README with this wheel: its names, options and methods, in cells of notebooks.

Auto Loader, which reads there, is Databricks' own: this source's `readStream` reads here. The host key is known as ssh knows it, by
`~/.ssh/known_hosts`, since none of those cells names it.
"""

import getpass
import os
import subprocess
import sys

CELLS = r"""
# %% Infrastructure: is the server there?
from CustomDataSource import SFTPConnectionTester, SFTPDataSource, SFTPWriter

tester = SFTPConnectionTester(host=HOST, username=USER, private_key_path=KEY_FILE, port=PORT)
with tester as conn:
    assert conn.list_files(ROOT) == ["customers.csv"], conn.list_files(ROOT)
    assert isinstance(conn.list_files("."), list)
tester.connect()
assert tester.list_files(remote_dir=ROOT) == ["customers.csv"]
tester.disconnect()
try:
    tester.list_files(".")
except ConnectionError:
    pass
else:
    raise AssertionError("a connection that is closed lists nothing")

# %% The source
assert SFTPDataSource.name() == "sftp"
assert all(callable(getattr(SFTPWriter, name)) for name in ("write", "commit", "abort"))
assert callable(SFTPDataSource.writer)
spark.dataSource.register(SFTPDataSource)

# %% Secrets
class dbutils:
    class secrets:
        @staticmethod
        def get(scope, key):
            assert scope == "sftp-credentials"
            return {"source-host": HOST, "source-username": USER, "target-host": HOST, "target-username": USER,
                    "ssh-private-key": open(KEY_FILE).read()}[key]

ssh_key_content = dbutils.secrets.get("sftp-credentials", "ssh-private-key")

# %% What is there is read as a stream, into a table's place
df = (
    spark.readStream.format("sftp")
    .option("host", dbutils.secrets.get("sftp-credentials", "source-host"))
    .option("username", dbutils.secrets.get("sftp-credentials", "source-username"))
    .option("private_key_content", ssh_key_content).option("port", str(PORT))
    .option("format", "csv").option("header", "true").option("state_location", WORK + "/state")
    .load(ROOT + "/customers.csv")
)
query = (
    df.writeStream.format("parquet").trigger(availableNow=True)
    .option("checkpointLocation", WORK + "/checkpoint").start(WORK + "/table")
)
query.awaitTermination()
customers = spark.read.parquet(WORK + "/table")
assert customers.columns == ["customer_id", "name", "city"]
assert customers.count() == 3

# %% And written back
for mode in ("overwrite", "append", "overwrite"):
    (
        customers.write.format("sftp")
        .option("host", dbutils.secrets.get("sftp-credentials", "target-host"))
        .option("username", dbutils.secrets.get("sftp-credentials", "target-username"))
        .option("private_key_content", ssh_key_content).option("port", str(PORT))
        .option("path", ROOT + "/output.csv").option("format", "csv").option("header", "true").mode(mode).save()
    )
for form, more in (("json", {}), ("parquet", {})):
    (
        customers.write.format("sftp").option("host", HOST).option("username", USER).option("port", PORT)
        .option("private_key_content", ssh_key_content).option("path", f"{ROOT}/{form}").option("format", form)
        .mode("overwrite").save()
    )
with SFTPConnectionTester(HOST, USER, KEY_FILE, PORT) as conn:
    assert sorted(conn.list_files(ROOT)) == ["customers.csv", "json", "output.csv", "parquet"]
print("all cells ran")
"""
START = """
import json, sys
from pyspark.sql import SparkSession
globals().update(json.loads(sys.argv[1]))
spark = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1").config("spark.sql.shuffle.partitions", "2").getOrCreate())
"""


def test_its_cells_run(sshd, target, tmp_path):
    target.mkdir()
    (target / "customers.csv").write_text("customer_id,name,city\n1,Ada,London\n2,Grace,New York\n3,Mary,\n")
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "known_hosts").write_text((sshd.folder / "known_hosts").read_text())
    given = {
        "HOST": "127.0.0.1", "PORT": sshd.port, "USER": getpass.getuser(), "KEY_FILE": str(sshd.folder / "key"),
        "ROOT": str(target), "WORK": str(tmp_path),
    }  # fmt: skip
    import json

    ran = subprocess.run(
        [sys.executable, "-c", START + CELLS, json.dumps(given)], env={**os.environ, "HOME": str(home)}, capture_output=True, text=True,
        timeout=300, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert ran.stdout.endswith("all cells ran\n"), ran.stderr[-4000:]
    written = [path.read_text() for path in (target / "output.csv").glob("part-*.csv")]
    assert sorted(line for text in written for line in text.splitlines()[1:]) == ["1,Ada,London", "2,Grace,New York", "3,Mary,"]
    assert all(text.startswith("customer_id,name,city\n") for text in written)
