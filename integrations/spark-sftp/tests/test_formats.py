import bz2
import gzip
import json
import zlib
from datetime import date, datetime

import pyarrow as pa
import pyarrow.parquet
import pytest
from test_write import leftovers, parts, rows, save

ALL = "SELECT CAST(1 AS INT) i, 2.5D d, true b, DATE'2026-11-30' day, TIMESTAMP'2026-11-30 12:34:56.123456' at, CAST(1.10 AS DECIMAL(10,2)) m"


def test_json(spark, sshd, target):
    save(
        spark.sql(f"{ALL}, array(1, 2) list, named_struct('x', 'y') s, map('k', 1) kv, CAST(NULL AS STRING) nothing"),
        sshd,
        target,
        format="json",
    )
    (file,) = parts(target)
    assert file.suffix == ".json"
    row = json.loads(file.read_text())
    assert row == {
        "i": 1, "d": 2.5, "b": True, "day": "2026-11-30", "at": "2026-11-30T12:34:56.123456Z", "m": 1.10, "list": [1, 2], "s": {"x": "y"}, "kv": {"k": 1},
    }  # fmt: skip
    save(spark.sql("SELECT CAST(NULL AS STRING) nothing"), sshd, target, "overwrite", format="json", ignoreNullFields="false")
    assert parts(target)[0].read_text() == '{"nothing":null}\n'


@pytest.mark.parametrize("compression", ["snappy", "zstd", "gzip", "none", "lz4_raw"])
def test_parquet(spark, sshd, target, compression):
    frame = spark.range(0, 20000, 1, 1).selectExpr(
        "id", "id / 3 AS d", "array(id) AS list", "TIMESTAMP'2026-11-30 12:00:00' AS at", "X'0001' AS bin"
    )
    save(frame, sshd, target, format="parquet", compression=compression, **{"parquet.block.size": "64k"})
    (file,) = parts(target)
    meta = pa.parquet.ParquetFile(file).metadata
    wanted = {"none": "UNCOMPRESSED", "lz4_raw": "LZ4"}.get(compression, compression.upper())
    assert meta.row_group(0).column(0).compression == wanted
    assert meta.num_row_groups > 1
    back = spark.read.parquet(f"file://{target}")
    assert back.schema.simpleString() == frame.schema.simpleString()
    assert back.exceptAll(frame).isEmpty()
    assert back.count() == 20000


@pytest.mark.parametrize(
    ("compression", "ending", "opened"),
    [
        ("gzip", ".csv.gz", gzip.decompress),
        ("bzip2", ".csv.bz2", bz2.decompress),
        ("deflate", ".csv.deflate", zlib.decompress),
        ("zstd", ".csv.zst", lambda data: pa.input_stream(pa.py_buffer(data), compression="zstd").read()),
    ],
)
def test_compressed(spark, sshd, target, compression, ending, opened):
    save(spark.range(0, 3, 1, 1), sshd, target, compression=compression)
    (file,) = parts(target)
    assert file.name.endswith(ending)
    assert opened(file.read_bytes()) == b"id\n0\n1\n2\n"


def test_text_and_options_of_spark(spark, sshd, target):
    save(spark.range(0, 3, 1, 1).selectExpr("concat('line ', id) AS value"), sshd, target, format="text", lineSep="\r\n")
    assert parts(target)[0].read_bytes() == b"line 0\r\nline 1\r\nline 2\r\n"
    with pytest.raises(Exception, match="one column of text"):
        save(spark.range(3), sshd, target, "overwrite", format="text")
    row = spark.sql(f"{ALL}, 'a;b' t, CAST(NULL AS STRING) n")
    how = {"sep": ";", "dateFormat": "dd.MM.yyyy", "timestampFormat": "yyyy-MM-dd HH:mm", "nullValue": "NULL", "header": "false"}
    save(row, sshd, target, "overwrite", format="csv", **how)
    assert parts(target)[0].read_text() == '1;2.5;true;30.11.2026;2026-11-30 12:34;1.10;"a;b";NULL\n'
    with pytest.raises(Exception, match="CSV cannot hold"):
        save(spark.sql("SELECT array(1) a"), sshd, target, "overwrite")


def test_files_end_where_they_should(spark, sshd, target):
    save(spark.range(0, 1000, 1, 1), sshd, target, maxRecordsPerFile="300")
    assert [len(path.read_text().splitlines()) - 1 for path in parts(target)] == [300, 300, 300, 100]
    save(spark.range(0, 100000, 1, 1).selectExpr("id", "repeat('x', 90) AS x"), sshd, target, "overwrite", max_file_size="1m")
    sizes = [path.stat().st_size for path in parts(target)]
    assert len(sizes) > 4
    assert max(sizes) < 2 << 20
    assert len(rows(target)) == 100000


def test_folders_by_columns(spark, sshd, target):
    frame = spark.range(0, 60, 1, 2).selectExpr(
        "id", "id % 20 AS k", "IF(id % 2 = 0, 'a/b', NULL) AS city", "DATE'2026-11-30' AS day"
    )
    for mode in ("append", "overwrite"):
        save(frame, sshd, target, mode, format="parquet", partition_by="day, city, k")
        back = spark.read.parquet(f"file://{target}")
        assert back.select("id", "k", "city", "day").exceptAll(frame.selectExpr("id", "CAST(k AS INT) k", "city", "day")).isEmpty()
        assert back.count() == 60
        assert back.first().day == date(2026, 11, 30)
        assert leftovers(target) == []


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd", "bzip2"])
def test_a_single_file_has_exactly_the_name(spark, sshd, target, compression):
    file = target.with_name("out.csv")
    save(spark.range(0, 100, 1, 4), sshd, file, "overwrite", single_file="true", compression=compression)
    data = file.read_bytes()
    codec = {"none": None, "bzip2": "bz2"}.get(compression, compression)
    text = data if codec is None else pa.input_stream(pa.py_buffer(data), compression=codec).read()
    assert text.decode().split() == ["id", *map(str, range(100))]
    assert [path.name for path in file.parent.iterdir()] == ["out.csv"]
    save(spark.range(0, 2, 1, 1), sshd, file, "overwrite", single_file="true")
    assert file.read_text() == "id\n0\n1\n"
    with pytest.raises(Exception, match="is a file"):
        save(spark.range(3), sshd, file, single_file="true")
    with pytest.raises(Exception, match="cannot be joined"):
        save(spark.range(0, 4, 1, 2), sshd, file, "overwrite", single_file="true", format="parquet")
    assert file.read_text() == "id\n0\n1\n"
    assert leftovers(file) == []


def test_times_keep_their_digits(spark, sshd, target):
    save(spark.sql("SELECT TIMESTAMP'2026-11-30 12:34:56.123456' t, TIMESTAMP_NTZ'2026-11-30 12:34:56.5' n"), sshd, target)
    assert parts(target)[0].read_text() == "t,n\n2026-11-30T12:34:56.123456Z,2026-11-30T12:34:56.500\n"
    assert datetime.fromisoformat("2026-11-30T12:34:56.123456Z")
