"""Filters that Spark pushes: what they exclude is not asked of the server."""

import re
from datetime import UTC, date, datetime

import pytest
from servers import Asyncssh
from test_read import load
from test_write import parts, save

# Says which files were opened, and how many bytes of them were sent.
TELLING = """
class Server(asyncssh.SFTPServer):
    def open(self, path, pflags, attrs):
        print('open', path.decode(), flush=True)
        return super().open(path, pflags, attrs)
    def read(self, file, offset, size):
        data = super().read(file, offset, size)
        print('read', len(data), flush=True)
        return data
"""


@pytest.fixture(scope="module")
def telling(tmp_path_factory):
    server = Asyncssh(tmp_path_factory.mktemp("telling"), TELLING)
    yield server
    server.end()


@pytest.fixture
def pushing(spark):
    spark.conf.set("spark.sql.python.filterPushdown.enabled", "true")
    yield
    spark.conf.set("spark.sql.python.filterPushdown.enabled", "false")


def filtered(spark, server, path, schema=None, **options):
    """A new DataFrame: the plan of one is kept for all its queries."""
    return load(spark, server, path, schema, push_filters="true", **options)


class Asked:
    """What a server was asked for while rows were read."""

    def __init__(self, server, frame):
        before = len(server.log.read_text())
        self.rows = frame.collect()
        log = server.log.read_text()[before:]
        self.opened = set(re.findall(r"^open (.*)$", log, re.MULTILINE))
        self.bytes = sum(map(int, re.findall(r"^read (\d+)$", log, re.MULTILINE)))


FOLDERS = """SELECT id, CAST(id % 4 AS INT) AS k, IF(id % 3 = 0, NULL, concat('c', id % 3)) AS city,
 DATE'2026-11-01' + CAST(id % 4 AS INT) AS day FROM range(0, 48, 1, 1)"""


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_files_in_other_folders_are_not_opened(spark, sshd, telling, target, pushing, form):
    save(spark.sql(FOLDERS), sshd, target, format=form, partition_by="k,city,day")
    everything = spark.sql(FOLDERS).collect()
    assert len(parts(target)) == 12
    for condition, keeps in [
        ("k = 2", lambda row: row.k == 2),
        ("k <> 2", lambda row: row.k != 2),
        ("k IN (1, 3) AND city > 'c1'", lambda row: row.k in (1, 3) and (row.city or "") > "c1"),
        ("city IS NULL AND k < 2", lambda row: row.city is None and row.k < 2),
        ("city IS NOT NULL AND k >= 2", lambda row: row.city is not None and row.k >= 2),
        ("city <=> NULL", lambda row: row.city is None),
        ("NOT city = 'c1'", lambda row: row.city not in (None, "c1")),
        ("city NOT IN ('c2')", lambda row: row.city not in (None, "c2")),
        ("city LIKE 'c1%' AND id > 20", lambda row: row.city == "c1" and row.id > 20),
        ("day = DATE'2026-11-02'", lambda row: row.day == date(2026, 11, 2)),
        ("k = 1 OR id = 2", lambda row: row.k == 1 or row.id == 2),
        ("k = 9", lambda row: False),
    ]:
        frame = filtered(spark, telling, target, "id LONG, k INT, city STRING, day DATE", format=form)
        asked = Asked(telling, frame.where(condition))
        assert sorted(row.id for row in asked.rows) == [row.id for row in everything if keeps(row)], condition
        if "OR" not in condition:
            files = {(row.k, row.city) for row in everything if keeps(row)}
            assert len(asked.opened) == len(files), condition


def test_what_is_said_of_a_file_excludes_it(spark, sshd, telling, target, pushing):
    for number in range(3):
        save(spark.range(number, number + 1, 1, 1).toDF("n"), sshd, target)
    names = [path.name for path in parts(target)]
    frame = filtered(spark, telling, target, include_metadata="true")
    asked = Asked(telling, frame.where(f"_metadata.file_name = '{names[1]}'"))
    assert [path.rpartition("/")[2] for path in asked.opened] == [names[1]]
    assert len(asked.rows) == 1
    later = datetime.fromtimestamp(parts(target)[0].stat().st_mtime + 3600, UTC)
    frame = filtered(spark, telling, target, include_metadata="true")
    asked = Asked(telling, frame.where(f"_metadata.file_modification_time > TIMESTAMP'{later:%Y-%m-%d %H:%M:%S}'"))
    assert (asked.rows, asked.opened) == ([], set())


ROWS = """SELECT id AS n, IF(id % 7 = 0, NULL, id) AS holes, concat('row ', lpad(id, 6, '0')) AS text, id / 2 AS half,
 DATE'2026-01-01' + CAST(id DIV 100 AS INT) AS day, TIMESTAMP'2026-01-01 00:00:00' + make_interval(0, 0, 0, 0, 0, id) AS at,
 CAST(id AS DECIMAL(12, 2)) AS money, CAST(NULL AS STRING) AS nothing FROM range(0, 60000, 1, 1)"""


@pytest.mark.parametrize(
    ("condition", "excludes"),
    [
        ("n = 123", True),
        ("n > 59000", True),
        ("n >= 59000 AND n < 59010", True),
        ("n <= 1000", True),
        ("n IN (5, 6, 59999)", True),
        ("n < 0", True),
        ("holes = 59998", True),
        ("text = 'row 000777'", True),
        ("text LIKE 'row 0590%'", True),
        ("text LIKE '%777'", False),
        ("day = DATE'2026-03-01'", True),
        ("at < TIMESTAMP'2026-01-01 00:10:00'", True),
        ("money = 42.00", True),
        ("nothing IS NOT NULL", True),
        ("nothing IS NULL AND n < 10", True),
        ("holes IS NULL AND n = 7", True),
        ("half = 3.5", False),
        ("n <> 5", False),
        ("n % 1000 = 0", False),
    ],
)
def test_row_groups_are_left_out(spark, sshd, telling, groups, pushing, condition, excludes):
    frame, target, whole = groups
    asked = Asked(telling, filtered(spark, telling, target, frame.schema, format="parquet").where(condition))
    assert sorted(row.n for row in asked.rows) == [row.n for row in frame.where(condition).orderBy("n").collect()]
    assert (asked.bytes < whole / 2) == excludes, (asked.bytes, whole)


@pytest.fixture(scope="module")
def groups(spark, sshd, telling, tmp_path_factory):
    """One file with many row groups, and the bytes that all of them are."""
    target = tmp_path_factory.mktemp("groups") / "in"
    frame = spark.sql(ROWS).cache()
    save(frame, sshd, target, format="parquet", **{"parquet.block.size": "256k"})
    (file,) = parts(target)
    whole = Asked(telling, load(spark, telling, target, frame.schema, format="parquet")).bytes
    # No byte is asked for twice, but the file's end.
    assert whole < file.stat().st_size * 1.1
    return frame, target, whole


def test_columns_that_a_file_has_not_are_null(spark, sshd, telling, target, pushing):
    save(spark.range(0, 10, 1, 1).toDF("n"), sshd, target, format="parquet")
    frame = lambda: filtered(spark, telling, target, "n LONG, more STRING", format="parquet")  # noqa: E731
    assert len(frame().where("more IS NULL AND n < 3").collect()) == 3
    assert frame().where("more = 'x'").collect() == []


def test_without_the_option_a_dataframe_has_many_queries(spark, sshd, telling, target, pushing):
    save(spark.sql(FOLDERS), sshd, target, partition_by="k")
    frame = load(spark, telling, target, "id LONG, city STRING, day DATE, k INT")
    asked = Asked(telling, frame.where("k = 2").union(frame.where("k = 1")).union(frame))
    assert (len(asked.rows), len(asked.opened)) == (12 + 12 + 48, 4)


def test_spark_says_what_is_off(spark, sshd, target):
    save(spark.range(3), sshd, target)
    with pytest.raises(Exception, match=r"spark\.sql\.python\.filterPushdown\.enabled"):
        filtered(spark, sshd, target).collect()


def test_a_base_path_keeps_columns_of_folders(spark, sshd, telling, target):
    save(spark.sql(FOLDERS), sshd, target, partition_by="k,city")
    asked = Asked(telling, load(spark, telling, target / "k=2" / "city=c*", "id LONG, k INT, city STRING", basePath=str(target)))
    assert sorted({(row.k, row.city) for row in asked.rows}) == [(2, "c1"), (2, "c2")]
    assert len(asked.opened) == 2
    with pytest.raises(Exception, match="is no folder above"):
        load(spark, telling, target / "k=2", basePath=str(target / "k=3"))
