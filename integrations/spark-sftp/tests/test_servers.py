"""What is promised holds with servers that are no relatives: OpenSSH's, ProFTPD's mod_sftp, and asyncssh's."""

import pytest
from servers import Asyncssh, Proftpd, Sshd
from test_read import load
from test_streams import drain, numbers, stream
from test_write import leftovers, parts, rows, save


@pytest.fixture(scope="module", params=[Sshd, Proftpd, Asyncssh], ids=["openssh", "proftpd", "asyncssh"])
def server(request, tmp_path_factory):
    server = request.param(tmp_path_factory.mktemp("server"))
    yield server
    server.end()


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_folders_are_added_to_and_replaced(spark, server, target, form):
    frame = spark.range(0, 3000, 1, 2).selectExpr("id", "concat('row ', id) AS text")
    save(frame, server, target, format=form)
    save(frame.selectExpr("id + 3000 AS id", "text"), server, target, format=form)
    back = load(spark, server, target, frame.schema, format=form)
    assert sorted(row.id for row in back.collect()) == list(range(6000))
    save(frame.where("id < 5"), server, target, "overwrite", format=form)
    back = load(spark, server, target, frame.schema, format=form)
    assert sorted(tuple(row) for row in back.collect()) == [(number, f"row {number}") for number in range(5)]
    assert (target / "_SUCCESS").exists()
    assert leftovers(target) == []


def test_a_single_file_is_written_and_replaced(spark, server, target):
    file = target.with_suffix(".csv")
    for first in (0, 100):
        save(spark.range(first, first + 50, 1, 3), server, file, "overwrite", single_file="true")
        assert file.read_text().split() == ["id", *map(str, range(first, first + 50))]
        assert load(spark, server, file, "id LONG").count() == 50
    assert leftovers(file) == []


def test_a_task_that_fails_leaves_nothing(spark, server, target):
    save(spark.range(0, 3, 1, 1), server, target)
    failing = spark.range(0, 100, 1, 2).selectExpr("IF(id = 99, raise_error('stop'), id) AS id")
    for mode in ("append", "overwrite"):
        with pytest.raises(Exception, match="stop"):
            save(failing, server, target, mode)
    assert sorted(int(row[0]) for row in rows(target)) == [0, 1, 2]
    assert leftovers(target) == []


def test_streams_go_both_ways(spark, server, target, tmp_path):
    state, local, there, checkpoint = (tmp_path / name for name in ("state", "local", "there", "checkpoint"))
    for number in range(2):
        save(spark.range(number, number + 1, 1, 1).toDF("n"), server, target)
    frame = stream(spark, server, target, state, maxFilesPerTrigger="1")
    assert drain(frame, local, checkpoint) == [1, 1]
    assert numbers(spark, local) == [0, 1]
    frame = stream(spark, server, target, tmp_path / "state of another")
    writer = frame.writeStream.format("sftp").options(**server.options).option("path", str(there))
    assert writer.option("checkpointLocation", str(tmp_path / "more")).trigger(availableNow=True).start().awaitTermination(120)
    assert sorted(int(line) for path in parts(there) for line in path.read_text().split()[1:]) == [0, 1]
