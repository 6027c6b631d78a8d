import json
import os
import shutil

import pytest
from test_cuts import write
from test_write import parts, save

ROWS = "SELECT CAST(id AS LONG) n FROM range({}, {}, 1, 1)"


def stream(spark, sshd, source, state, **options):
    reader = spark.readStream.format("sftp").options(**sshd.options).options(state_location=str(state), **options)
    return reader.schema("n LONG").load(str(source))


def drain(frame, out, checkpoint):
    """All that is there now. Answers how many rows each batch had."""
    query = (
        frame.writeStream.format("parquet").option("checkpointLocation", str(checkpoint)).trigger(availableNow=True).start(str(out))
    )
    assert query.awaitTermination(120)
    return [progress["numInputRows"] for progress in query.recentProgress if progress["numInputRows"]]


def numbers(spark, out):
    return sorted(row.n for row in spark.read.schema("n LONG").parquet(f"file://{out}").collect())


def test_new_files_are_taken_once(spark, sshd, target, tmp_path):
    state, out, checkpoint = (tmp_path / name for name in ("state", "out", "checkpoint"))
    for number in range(5):
        save(spark.sql(ROWS.format(number * 10, number * 10 + 10)), sshd, target)
    frame = stream(spark, sshd, target, state, maxFilesPerTrigger="2")
    assert drain(frame, out, checkpoint) == [20, 20, 10]
    assert numbers(spark, out) == list(range(50))
    # One that comes late and says that it is old.
    (target / "late.csv").write_text("n\n99\n")
    os.utime(target / "late.csv", (1, 1))
    assert drain(frame, out, checkpoint) == [1]
    assert drain(frame, out, checkpoint) == []
    assert numbers(spark, out) == [*range(50), 99]
    logs = sorted((state / "files").iterdir())
    assert [len(json.loads(log.read_text())) for log in logs] == [2, 2, 1, 1]


def test_a_batch_that_was_not_finished_has_the_same_files(spark, sshd, target, tmp_path):
    state, out, checkpoint = (tmp_path / name for name in ("state", "out", "checkpoint"))
    save(spark.sql(ROWS.format(0, 10)), sshd, target)
    frame = stream(spark, sshd, target, state)
    assert drain(frame, out, checkpoint) == [10]
    save(spark.sql(ROWS.format(10, 20)), sshd, target)
    # As if the driver had died between the log and Spark's own.
    from pyspark_sftp import reader
    from pyspark_sftp.file_log import FileLog
    from pyspark_sftp.settings import Settings

    settings = Settings({**sshd.options, "path": str(target)})
    log = FileLog(str(state))
    log.add([file for file in reader.find(settings) if file[0] not in log.taken])
    save(spark.sql(ROWS.format(20, 30)), sshd, target)
    assert drain(frame, out, checkpoint) == [10, 10]
    assert numbers(spark, out) == list(range(30))


@pytest.mark.parametrize("cleaning", ["archive", "delete"])
def test_files_are_cleaned_when_they_are_done(spark, sshd, target, tmp_path, cleaning):
    state, out, checkpoint, archive = (tmp_path / name for name in ("state", "out", "checkpoint", "archive"))
    for number in range(3):
        save(spark.sql(ROWS.format(number, number + 1)), sshd, target)
    frame = stream(spark, sshd, target, state, maxFilesPerTrigger="1", clean_source=cleaning, archive_path=str(archive))
    assert drain(frame, out, checkpoint) == [1, 1, 1]
    save(spark.sql(ROWS.format(3, 4)), sshd, target)
    assert drain(frame, out, checkpoint) == [1]
    assert numbers(spark, out) == [0, 1, 2, 3]
    assert parts(target) == []
    assert len(parts(archive)) == (4 if cleaning == "archive" else 0)


def test_what_a_stream_needs_is_said(spark, sshd, target, tmp_path):
    save(spark.sql(ROWS.format(0, 1)), sshd, target)
    for options, said in [
        ({"state_location": ""}, "state_location is missing"),
        ({"clean_source": "burn"}, "none of off, delete and archive"),
        ({"clean_source": "archive"}, "archive_path is missing"),
        ({"maxFilesPerTrigger": "0"}, "no number of files"),
    ]:
        with pytest.raises(Exception, match=said):
            frame = stream(spark, sshd, target, options.pop("state_location", tmp_path / "state"), **options)
            drain(frame, tmp_path / "out", tmp_path / "checkpoint")


def test_a_stream_is_written_once(spark, sshd, target, tmp_path):
    source, checkpoint = tmp_path / "source", tmp_path / "checkpoint"

    def run():
        frame = spark.readStream.schema("n LONG").option("maxFilesPerTrigger", 1).json(f"file://{source}")
        writer = frame.writeStream.format("sftp").options(**sshd.options).option("path", str(target))
        query = writer.option("checkpointLocation", str(checkpoint)).trigger(availableNow=True).start()
        assert query.awaitTermination(120)

    def there():
        return sorted(int(line) for path in parts(target) for line in path.read_text().split()[1:])

    source.mkdir()
    for number in range(3):
        (source / f"{number}.json").write_text(f'{{"n": {number}}}\n')
    run()
    assert there() == [0, 1, 2]
    # The last batch is replayed: it was written, and Spark did not come to note that down.
    (checkpoint / "commits" / "2").unlink()
    shutil.rmtree(checkpoint / "commits" / ".2.crc", ignore_errors=True)
    (checkpoint / "commits" / ".2.crc").unlink(missing_ok=True)
    run()
    assert there() == [0, 1, 2]
    (source / "3.json").write_text('{"n": 3}\n')
    run()
    assert there() == [0, 1, 2, 3]
    assert [path.name for path in target.rglob(".*")] == [".spark-sftp"]


def test_batches_are_known_by_query_and_number(sshd, target):
    given = {**sshd.options, "path": str(target)}
    assert write(given, [1], False, batch=("q", 0))
    assert not write(given, [1], False, batch=("q", 0))
    assert write(given, [2], False, batch=("q", 10))
    assert not write(given, [2], False, batch=("q", 9))
    assert write(given, [3], False, batch=("other", 0))
    assert sorted(line for path in parts(target) for line in path.read_text().split()[1:]) == ["1", "2", "3"]
