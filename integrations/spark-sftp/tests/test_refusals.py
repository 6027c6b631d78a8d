"""What a server refuses in the middle of it: one clear error on the driver, what was there is there, and nothing else."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from servers import Asyncssh, Sshd
from test_read import load
from test_write import leftovers, parts, rows, save

# Root may do everything unless it gives that up.
MODEST = (
    "setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-dac_override,-dac_read_search /usr/lib/openssh/sftp-server"
)
FOLDERS = "id", "CAST(id % 4 AS INT) AS k"


@pytest.fixture(scope="module")
def modest(tmp_path_factory):
    """A server whose user may not write where a folder's mode says so."""
    server = Sshd(tmp_path_factory.mktemp("modest"), MODEST if os.getuid() == 0 else "internal-sftp")
    yield server
    server.end()


@pytest.fixture
def misbehaving(tmp_path):
    """Starts asyncssh's server with methods of its own."""
    started = []

    def start(methods):
        script = "class Server(asyncssh.SFTPServer):\n" + methods
        started.append(Asyncssh(tmp_path / f"server-{len(started)}", script))
        return started[-1]

    yield start
    for server in started:
        server.end()


def ids(folder: Path):
    return sorted(int(row[0]) for row in rows(folder))


@pytest.mark.parametrize("mode", [0o555, 0o000], ids=["no writing", "no looking"])
def test_one_of_many_folders_is_refused(spark, modest, target, mode):
    save(spark.range(0, 8).selectExpr(*FOLDERS), modest, target, partition_by="k")
    before = {path: path.read_bytes() for path in parts(target)}
    refused = target / "k=2"
    refused.chmod(mode)
    try:
        with pytest.raises(Exception) as wrong:
            save(spark.range(8, 100, 1, 3).selectExpr(*FOLDERS), modest, target, partition_by="k")
    finally:
        refused.chmod(0o755)
    assert f"{refused}/part-" in str(wrong.value)
    assert "permission denied" in str(wrong.value)
    assert leftovers(target) == []
    assert {path: path.read_bytes() for path in parts(target)} == before
    save(spark.range(8, 12).selectExpr(*FOLDERS), modest, target, partition_by="k")
    assert ids(target) == list(range(12))


def test_a_folder_above_that_may_not_be_written_to(spark, modest, target):
    target = target / "below"
    target.mkdir(parents=True)
    (target / "old.csv").write_text("id\n1\n")
    target.parent.chmod(0o555)
    try:
        with pytest.raises(Exception, match=f"{target.parent}.*permission denied"):
            save(spark.range(3), modest, target, "overwrite")
        save(spark.range(2, 4), modest, target)
    finally:
        target.parent.chmod(0o755)
    assert ids(target) == [1, 2, 3]
    assert leftovers(target) == []


@pytest.fixture
def small(tmp_path):
    """A disk of 2 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.getuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=False).returncode:
        pytest.skip("only root mounts a small disk")
    yield disk
    subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_a_full_disk(spark, sshd, small, mode):
    target = small / "in"
    save(spark.range(0, 10, 1, 1), sshd, target)
    large = spark.range(0, 40000, 1, 1).selectExpr("id", "repeat(uuid(), 4) AS text")
    with pytest.raises(Exception, match=r"the server failed \(Failure\), and has room for \d{1,6} bytes without this file"):
        save(large, sshd, target, mode)
    assert ids(target) == list(range(10))
    assert leftovers(target) == []
    assert shutil.disk_usage(small).used < 100_000
    save(spark.range(10, 12, 1, 1), sshd, target)
    assert ids(target) == list(range(12))


QUOTA = """
    def write(self, file, offset, data):
        if offset + len(data) > 20_000:
            raise OSError(errno.EDQUOT, 'Disk quota exceeded')
        return super().write(file, offset, data)
"""


@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_a_quota(spark, misbehaving, target, mode):
    server = misbehaving(QUOTA)
    save(spark.range(0, 10, 1, 1), server, target)
    with pytest.raises(Exception, match="Disk quota exceeded"):
        save(spark.range(0, 10000, 1, 1), server, target, mode)
    assert ids(target) == list(range(10))
    assert leftovers(target) == []


CLOSING = """
    def close(self, file):
        super().close(file)
        self.channel.get_connection().abort()
"""


def test_a_server_that_hangs_up_after_each_file(spark, sshd, misbehaving, target):
    server = misbehaving(CLOSING)
    save(spark.range(0, 10, 1, 3), sshd, target)
    with pytest.raises(Exception, match="connection"):
        save(spark.range(10, 20, 1, 2), server, target, retries="0")
    with pytest.raises(Exception, match="connection"):
        load(spark, server, target, "id LONG", retries="0").collect()
    assert ids(target) == list(range(10))
    # What could not be removed over such connections, the next write removes.
    save(spark.range(10, 12), sshd, target, sweep_after="0s")
    assert ids(target) == list(range(12))
    assert leftovers(target) == []


ODD = """
    def read(self, file, offset, size):
        return super().read(file, offset, min(size, 1 + offset * 7919 % 30011))
"""


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_server_may_answer_in_sizes_of_its_own(spark, misbehaving, target, form):
    server = misbehaving(ODD)
    frame = spark.range(0, 20000, 1, 2).selectExpr("id", "concat('row ', id) AS text")
    save(frame, server, target, format=form)
    back = load(spark, server, target, frame.schema, format=form)
    assert back.exceptAll(frame).isEmpty()
    assert back.count() == 20000


def test_a_key_with_a_passphrase(spark, tmp_path, target):
    server = Sshd(tmp_path / "server")
    try:
        locked = server.folder / "locked"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "a phrase", "-f", locked], check=True)
        shutil.copy(locked.with_suffix(".pub"), server.folder / "authorized_keys")
        how = {"private_key_content": locked.read_text()}
        for more in ({}, {"private_key_passphrase": "another-one"}):
            with pytest.raises(Exception, match="the private key has a passphrase: it is missing, or another one") as wrong:
                save(spark.range(3), server, target, **how, **more)
            assert "another-one" not in str(wrong.value)
            assert locked.read_text().splitlines()[2] not in str(wrong.value)
        assert not target.exists()
        save(spark.range(3), server, target, **how, private_key_passphrase="a phrase")
        assert load(spark, server, target, **how, private_key_passphrase="a phrase").count() == 3
    finally:
        server.end()


def test_another_fingerprint(spark, sshd, target):
    save(spark.range(3), sshd, target)
    wrong = "SHA256:" + "A" * 43
    for tried in (
        lambda: save(spark.range(3), sshd, target, "overwrite", key_fingerprint=wrong),
        lambda: load(spark, sshd, target, "id LONG", key_fingerprint=wrong).collect(),
    ):
        with pytest.raises(Exception, match="ask its owner for the fingerprint") as refused:
            tried()
        assert sshd.fingerprint in str(refused.value)
    assert ids(target) == [0, 1, 2]
