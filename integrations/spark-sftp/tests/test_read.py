import os
from datetime import UTC, date, datetime

import pytest
from test_write import save


def load(spark, sshd, path, schema=None, **options):
    reader = spark.read.format("sftp").options(**sshd.options).options(**options)
    return (reader.schema(schema) if schema else reader).load(str(path))


ALL = """SELECT CAST(id AS INT) i, id / 4 AS d, id % 2 = 0 AS b, DATE'2026-11-30' AS day, TIMESTAMP'2026-11-30 12:34:56.123456' AS at,
 CAST(1.10 AS DECIMAL(10,2)) AS m, IF(id = 3, NULL, concat('t,"', id)) AS t FROM range(0, 10, 1, 3)"""


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_what_is_written_is_read(spark, sshd, target, form):
    frame = spark.sql(ALL)
    save(frame, sshd, target, format=form)
    back = load(spark, sshd, target, frame.schema, format=form)
    assert sorted(back.collect()) == sorted(frame.collect())
    assert back.where("i = 3").first().t is None


def test_columns_are_found(spark, sshd, target):
    save(spark.sql(ALL).repartition(1), sshd, target)
    plain = load(spark, sshd, target)
    assert plain.schema.simpleString() == "struct<i:string,d:string,b:string,day:string,at:string,m:string,t:string>"
    found = load(spark, sshd, target, inferSchema="true")
    assert found.schema.simpleString() == "struct<i:int,d:double,b:boolean,day:date,at:timestamp,m:double,t:string>"
    row = found.orderBy("i").first()
    assert (row.i, row.d, row.b, row.day, row.m) == (0, 0.0, True, date(2026, 11, 30), 1.1)
    save(spark.sql(ALL), sshd, target, "overwrite", format="json")
    assert dict(load(spark, sshd, target, format="json").dtypes)["i"] == "bigint"
    save(spark.sql(ALL), sshd, target, "overwrite", format="parquet")
    assert load(spark, sshd, target, format="parquet").schema.simpleString() == spark.sql(ALL).schema.simpleString()


@pytest.mark.parametrize(
    ("form", "more"), [("csv", {"multiLine": "false"}), ("json", {}), ("text", {}), ("parquet", {"parquet.block.size": "64k"})]
)
def test_large_files_are_read_in_parts(spark, sshd, target, form, more):
    frame = spark.range(0, 50000, 1, 1).selectExpr("concat('row ', id, repeat('x', id % 17)) AS value")
    save(frame, sshd, target, format=form, **{name: value for name, value in more.items() if name != "multiLine"})
    (file,) = [path for path in target.iterdir() if not path.name.startswith("_")]
    for most in ("10k", "64k", "100001"):
        if most == "10k" and form != "text":
            continue
        back = load(spark, sshd, target, "value STRING", format=form, maxPartitionBytes=most, **more)
        assert back.rdd.getNumPartitions() > file.stat().st_size // 200000 + 1
        assert back.exceptAll(frame).isEmpty(), most
        assert back.count() == 50000, most


@pytest.mark.parametrize("compression", ["gzip", "zstd", "bzip2", "deflate"])
def test_compressed(spark, sshd, target, compression):
    save(spark.range(0, 10000, 1, 2), sshd, target, compression=compression)
    assert load(spark, sshd, target, "id LONG").selectExpr("sum(id)").first()[0] == 49995000


def test_text_and_binary(spark, sshd, target):
    target.mkdir()
    (target / "a.txt").write_bytes(b"one\ntwo\n\nlast")
    assert [row.value for row in load(spark, sshd, target, format="text").collect()] == ["one", "two", "", "last"]
    assert [row.value for row in load(spark, sshd, target, format="text", wholetext="true").collect()] == ["one\ntwo\n\nlast"]
    (row,) = load(spark, sshd, target, format="binaryFile").collect()
    assert (row.path, row.length, bytes(row.content)) == (str(target / "a.txt"), 13, b"one\ntwo\n\nlast")
    assert row.modificationTime.timestamp() == int((target / "a.txt").stat().st_mtime)


def test_which_files(spark, sshd, target):
    for name, time in {"a.txt": 1000, "b.txt": 2000, "c.log": 3000, "sub/d.txt": 4000, "_no.txt": 1, ".no.txt": 1}.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(name + "\n")
        os.utime(target / name, (time, time))

    def names(path=target, **options):
        return sorted(row.value for row in load(spark, sshd, path, "value STRING", format="text", **options).collect())

    assert names() == ["a.txt", "b.txt", "c.log"]
    assert names(pathGlobFilter="*.txt") == ["a.txt", "b.txt"]
    assert names(recursiveFileLookup="true") == ["a.txt", "b.txt", "c.log", "sub/d.txt"]
    assert names(target / "[ab].txt") == ["a.txt", "b.txt"]
    assert names(target / "*" / "*.txt") == ["sub/d.txt"]
    assert names(target / "c.log") == ["c.log"]
    assert names(modifiedAfter="1970-01-01T00:20:00") == ["b.txt", "c.log"]
    assert names(modifiedBefore="1970-01-01T00:20:00") == ["a.txt"]
    assert names(pathGlobFilter="*.none") == []
    with pytest.raises(Exception, match="nowhere is not there"):
        names(target / "nowhere")


def test_folders_are_columns(spark, sshd, target):
    frame = spark.range(0, 20).selectExpr("id", "CAST(id % 3 AS INT) k", "IF(id % 2 = 0, 'a/b', NULL) AS city")
    save(frame, sshd, target, partition_by="k,city", format="json")
    back = load(spark, sshd, target, format="json")
    assert back.schema.simpleString() == "struct<id:bigint,k:int,city:string>"
    assert sorted(back.collect()) == sorted(frame.collect())


def test_metadata(spark, sshd, target):
    save(spark.range(0, 4, 1, 2), sshd, target)
    back = load(spark, sshd, target, include_metadata="true").select("id", "_metadata.*").collect()
    assert len(back) == 4
    for row in back:
        file = target / row.file_name
        assert (row.file_path, row.file_size) == (str(file), file.stat().st_size)
        assert row.file_modification_time.replace(tzinfo=UTC).timestamp() == int(file.stat().st_mtime)


def test_what_is_malformed(spark, sshd, target):
    target.mkdir()
    (target / "a.csv").write_text("n,t\n1,a\nx,b\n3\n4,d,e\n")
    read = lambda mode: [tuple(row) for row in load(spark, sshd, target, "n INT, t STRING", mode=mode).collect()]  # noqa: E731
    assert read("PERMISSIVE") == [(1, "a"), (None, "b"), (3, None), (4, "d")]
    assert read("DROPMALFORMED") == [(1, "a")]
    with pytest.raises(Exception, match=r"a\.csv: a row has 1 values, and there are 2 columns"):
        read("FAILFAST")
    (target / "a.csv").write_text("n,t\n1,a\nx,b\n")
    with pytest.raises(Exception, match=r"a\.csv: the column n has a value that is no Int32"):
        read("FAILFAST")
    (target / "a.csv").write_text('n,t\n1,"never ends\n')
    with pytest.raises(Exception, match=r"a\.csv: the file ends within a quoted value"):
        read("PERMISSIVE")


def test_patterns_of_times(spark, sshd, target):
    target.mkdir()
    (target / "a.csv").write_text("d,t,n\n30.11.2026,30/11/26 14:05,2026-11-30 01:02\n")
    how = {"dateFormat": "dd.MM.yyyy", "timestampFormat": "dd/MM/yy HH:mm", "timestampNTZFormat": "yyyy-MM-dd HH:mm"}
    (row,) = load(spark, sshd, target, "d DATE, t TIMESTAMP, n TIMESTAMP_NTZ", **how).collect()
    assert row.d == date(2026, 11, 30)
    assert row.t.astimezone(UTC) == datetime(2026, 11, 30, 14, 5, tzinfo=UTC)
    assert row.n == datetime(2026, 11, 30, 1, 2)
