"""
A write is cut off after every so many bytes: at each step of connecting, staging, renaming and cleaning up. Whatever is cut, a
reader has the old rows or the new ones, whole, and the next write has what it wrote and nothing more, with nothing left beside it.
"""

import json
import threading
import uuid
from pathlib import Path

import pyarrow as pa
import pytest
from proxy import CuttingProxy
from pyspark_sftp import _core

# Of how many cuts one is made where only some are.
SAMPLED = 3
OLD, NEW = range(3), range(100, 140)
SCHEMA = pa.schema([("n", pa.int64())])


@pytest.fixture(scope="module")
def proxy(sshd):
    proxy = CuttingProxy(sshd.port)
    yield proxy
    proxy.end()


def options(sshd, proxy, path, **more):
    return {
        **sshd.options,
        "port": str(proxy.port),
        "path": str(path),
        "sweep_after": "0s",
        "dead_after": "1s",
        "retries": "0",
        **more,
    }


def write(given, numbers, overwrite, partitions=2, batch=None, killed=False):
    """What Spark does, in one process. A killed driver calls nobody after a failure."""
    job = uuid.uuid4().hex
    try:
        _core.prepare(given, job, overwrite, SCHEMA)
        files = []
        for partition in range(partitions):
            attempt = _core.Attempt(given, job, overwrite, (partition, 0), SCHEMA)
            attempt.write(pa.record_batch([pa.array(list(numbers)[partition::partitions], pa.int64())], schema=SCHEMA))
            files += attempt.finish()
        return _core.commit(given, job, overwrite, files, batch)
    except OSError:
        if not killed:
            try:
                _core.abort(given, job, overwrite)
            except OSError:
                pass
        raise


def seen(path: Path):
    """What a reader sees that knows nothing of us; None where there is nothing."""
    if path.is_file():
        return sorted(int(line) for line in path.read_text().split()[1:])
    if not path.is_dir():
        return None
    files = [file for file in path.iterdir() if not file.name.startswith(("_", "."))]
    return sorted(int(line) for file in files for line in file.read_text().split()[1:])


def begin_with_old(path: Path, single: str):
    text = "\n".join(["n", *map(str, OLD)])
    if single == "true":
        path.write_text(text)
    else:
        path.mkdir()
        (path / "part-old.csv").write_text(text)


def settings():
    for overwrite in (False, True):
        for single in ("false", "true"):
            if overwrite or single == "false":
                yield pytest.param(
                    overwrite, single, id=f"{'overwrite' if overwrite else 'append'}{'-single' * (single == 'true')}"
                )


@pytest.mark.parametrize("killed", [False, True], ids=["aborted", "killed"])
@pytest.mark.parametrize(("overwrite", "single"), [*settings()])
def test_cut_at_every_step(sshd, proxy, tmp_path, is_quick, overwrite, single, killed):
    path = tmp_path / "measured"
    begin_with_old(path, single)
    proxy.arm(None)
    write(options(sshd, proxy, path, single_file=single), NEW, overwrite)
    whole = proxy.sent
    both = sorted([*NEW] if overwrite else [*OLD, *NEW])
    cuts, done = 0, 0
    # The steps of a commit are small packets, so most cuts are of the last quarter.
    budgets = [*range(2000, whole * 3 // 4, 4001), *range(whole * 3 // 4, whole + 400, 263)]
    for budget in budgets[:: -SAMPLED if is_quick else -1]:
        path = tmp_path / f"cut-{budget}"
        given = options(sshd, proxy, path, single_file=single)
        begin_with_old(path, single)
        proxy.arm(budget)
        try:
            write(given, NEW, overwrite, killed=killed)
            done += 1
            assert seen(path) == both
        except OSError:
            cuts += 1
        proxy.arm(None)
        # An append is several renames: a reader may see some of them until they are taken back.
        if overwrite and seen(path) is not None:
            assert seen(path) in (sorted(OLD), both), budget
        # A rerun is safe.
        write(given, [7], False) if single == "false" else write(given, [7], True)
        after = seen(path)
        allowed = [[7]] if single == "true" else [sorted([*OLD, 7]), sorted([*both, 7])]
        assert after in allowed, (budget, after)
        assert [entry.name for entry in tmp_path.rglob(".*")] == [], budget
    assert cuts > (0 if is_quick else 4)
    assert done > 0


def test_a_reader_brings_back_what_was_away(sshd, tmp_path):
    path, base = tmp_path / "in", tmp_path / ".in.spark-sftp"
    given = {**sshd.options, "path": str(path), "dead_after": "1s", "sweep_after": "0s"}
    begin_with_old(path, "false")
    (base / "JOB").mkdir(parents=True)
    (base / "commit").mkdir()
    plan = {"what": "exchange", "path": str(path), "old": str(base / "JOB" / "old")}
    (base / "commit" / "journal").write_text(json.dumps({"job": "JOB", "plan": plan}))
    path.rename(base / "JOB" / "old")
    (base / "JOB" / "new").mkdir()
    files = _core.scan(given)
    assert [file[0].name for file in files] == ["part-old.csv"]
    assert seen(path) == sorted(OLD)
    assert not base.exists()


def test_one_commits_at_a_time(sshd, tmp_path):
    path = tmp_path / "in"
    given = {**sshd.options, "path": str(path)}
    barrier = threading.Barrier(4)

    def append(number):
        barrier.wait()
        write(given, [number], False)

    threads = [threading.Thread(target=append, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen(path) == [0, 1, 2, 3]
    assert [entry.name for entry in tmp_path.rglob(".*")] == []
