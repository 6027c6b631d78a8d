import csv
import getpass
import io
import os
from pathlib import Path

import pytest
from CustomDataSource import SFTPConnectionTester, SFTPDataSource


def save(frame, sshd, path, mode="append", **options):
    frame.write.format("sftp").options(**sshd.options).option("path", str(path)).options(**options).mode(mode).save()


def parts(folder: Path):
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(("_", ".")))


def rows(folder: Path, **how):
    return [row for path in parts(folder) for row in list(csv.reader(io.StringIO(path.read_text()), **how))[1:]]


def leftovers(folder: Path):
    """What begins with a dot, beside or below a path."""
    return sorted(path.name for path in folder.parent.rglob(".*"))


def test_rows_are_appended(spark, sshd, target):
    frame = spark.range(0, 1000, 1, 4).selectExpr("id", "concat('name ', id) AS name")
    save(frame, sshd, target, format="csv", header="true")
    assert len(parts(target)) == 4
    assert (target / "_SUCCESS").read_bytes() == b""
    assert sorted(map(tuple, rows(target))) == sorted((str(n), f"name {n}") for n in range(1000))
    save(frame.limit(1), sshd, target)
    assert len(rows(target)) == 1001
    assert leftovers(target) == []


def test_overwrite_replaces_all(spark, sshd, target):
    save(spark.range(0, 10, 1, 3), sshd, target)
    (target / "foreign.txt").write_text("of the old data")
    os.chmod(target, 0o750)
    save(spark.range(100, 105, 1, 2), sshd, target, "overwrite")
    assert sorted(int(row[0]) for row in rows(target)) == list(range(100, 105))
    assert target.stat().st_mode & 0o777 == 0o750
    assert leftovers(target) == []


def test_texts_survive(spark, sshd, target):
    texts = ["", None, "a,b", 'say "hi"', "two\nlines", " spaces ", "ü€😀", "#hash", "back\\slash"]
    frame = spark.createDataFrame([(i, text) for i, text in enumerate(texts)], "n INT, t STRING").coalesce(1)
    save(frame, sshd, target)
    (file,) = parts(target)
    assert [row[1] for row in csv.reader(io.StringIO(file.read_text(), newline=""))][1:] == [text or "" for text in texts]
    lines = file.read_text().splitlines()
    assert lines[:3] == ["n,t", '0,""', "1,"]
    back = spark.read.csv(f"file://{target}", header=True, schema="n INT, t STRING", escape='"', multiLine=True)
    # Spark itself takes its own `""` for nothing.
    assert [row.t for row in back.orderBy("n").collect()] == [text or None for text in texts]


def test_without_rows_there_is_a_header(spark, sshd, target):
    save(spark.range(0).toDF("n"), sshd, target)
    assert [path.read_text() for path in parts(target)] == ["n\n"]


def test_a_failing_task_leaves_nothing(spark, sshd, target):
    save(spark.range(0, 3, 1, 1), sshd, target)
    failing = spark.range(0, 100, 1, 4).selectExpr("IF(id = 99, raise_error('stop'), id) AS id")
    for mode in ("append", "overwrite"):
        with pytest.raises(Exception, match="stop"):
            save(failing, sshd, target, mode)
        assert sorted(int(row[0]) for row in rows(target)) == [0, 1, 2]
        assert leftovers(target) == []


def test_a_task_that_fails_once_is_written_once(spark, sshd, target, tmp_path):
    import pyspark.sql.functions as f

    once = str(tmp_path / "once")

    @f.udf("long")
    def stumble(n):
        if n == 60 and not os.path.exists(once):
            open(once, "w").close()
            os.kill(os.getpid(), 9)
        return n

    save(spark.range(0, 100, 1, 2).select(stumble("id").alias("id")), sshd, target)
    assert os.path.exists(once)
    assert sorted(int(row[0]) for row in rows(target)) == list(range(100))
    assert leftovers(target) == []


def test_secrets_are_not_shown(spark, sshd, target, events):
    frame = spark.range(3)
    secret = sshd.options["private_key_content"].splitlines()[2]
    with pytest.raises(Exception, match="key_fingerprint") as wrong:
        save(frame, sshd, target, key_fingerprint="SHA256:" + "A" * 43, password="hunter2-secret")
    assert "hunter2-secret" not in str(wrong.value)
    assert secret not in str(wrong.value)
    assert sshd.fingerprint in str(wrong.value)
    save(frame, sshd, target, password="hunter2-secret")
    logs = "".join(path.read_text(errors="replace") for path in events.rglob("*") if path.is_file())
    assert "SparkListenerSQLExecutionStart" in logs
    assert "hunter2-secret" not in logs
    assert secret not in logs
    assert not target.joinpath("x").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"key_fingerprint": "", "known_hosts": "/nowhere"}, "known_hosts = '/nowhere' cannot be read"),
        ({"private_key_content": "nonsense"}, "private_key_content cannot be used"),
        ({"private_key_content": ""}, "nobody can log in"),
        ({"username": "nobody-of-this-name"}, "is not let in"),
        ({"host": "no.such.host.invalid"}, "has no address"),
        ({"format": "orc"}, "none of csv, json"),
        ({"compression": "rar"}, "none of none, gzip"),
        ({"known_host": "x"}, "do you mean known_hosts"),
        ({"partition_by": "nope"}, "partition_by names nope"),
        ({"path": "/proc/1/nowhere"}, "/proc/1/nowhere"),
    ],
)
def test_bad_input_is_one_clear_error(spark, sshd, target, options, said):
    with pytest.raises(Exception) as wrong:
        save(spark.range(3), sshd, options.pop("path", target), **options)
    assert said in str(wrong.value)
    assert not target.exists()


def test_modes_of_sparks_own_come_as_an_option(spark, sshd, target):
    save(spark.range(3), sshd, target, if_exists="error")
    with pytest.raises(Exception, match="if_exists is error"):
        save(spark.range(3), sshd, target, if_exists="error")
    save(spark.range(3), sshd, target, if_exists="ignore")
    assert len(rows(target)) == 3
    assert leftovers(target) == []


def test_registered_as_the_seed_does(spark, sshd, target):
    spark.dataSource.register(SFTPDataSource)
    save(spark.range(3), sshd, target, "overwrite", format="csv", header="true")
    options = sshd.options
    tester = SFTPConnectionTester(
        host=options["host"],
        username=getpass.getuser(),
        private_key_path=str(sshd.folder / "key"),
        port=int(options["port"]),
        known_hosts=str(sshd.folder / "known_hosts"),
    )
    with tester as connection:
        assert target.name in connection.list_files(str(target.parent))
        assert connection.fingerprint() == sshd.fingerprint
