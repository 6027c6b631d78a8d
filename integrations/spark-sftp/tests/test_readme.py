"""The README's code runs, and it names every option that there is."""

import getpass
import re
from pathlib import Path

from test_write import rows

HERE = Path(__file__).parent.parent
README = (HERE / "README.md").read_text()
# Names that are ours alone, and second names of others.
UNSAID = {
    "known_hosts_content",
    "delimiter",
    "codec",
    "charset",
    "encoding",
    "checkpointlocation",
}


def test_its_code_runs(spark, sshd, target, capsys):
    class Secrets:
        @staticmethod
        def get(scope, key):
            assert (scope, key) == ("sftp-credentials", "ssh-private-key")
            return (sshd.folder / "key").read_text()

    class Utilities:
        secrets = Secrets

    replaced = {
        '"host": "sftp.example.com"': f'"host": "127.0.0.1", "port": "{sshd.port}"',
        'host="sftp.example.com"': f'host="127.0.0.1", port={sshd.port}, known_hosts="{sshd.folder}/known_hosts"',
        "loader": getpass.getuser(),
        "SHA256:…": sshd.fingerprint,
        "/in/customers": str(target),
        "/path/to/key": str(sshd.folder / "key"),
        'list_files(".")': f'list_files("{target}")',
    }
    names = {"spark": spark, "dbutils": Utilities, "df": spark.createDataFrame([(1, "Ada")], "id INT, name STRING")}
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        for old, new in replaced.items():
            block = block.replace(old, new)  # noqa: PLW2901
        exec(compile(block, "README.md", "exec"), names)  # noqa: S102
    assert [tuple(row) for row in names["df"].collect()] == [(1, "Ada")]
    assert rows(target) == [["1", "Ada"]]
    assert f"{sshd.fingerprint} ['_SUCCESS', 'part-" in capsys.readouterr().out


def test_it_names_every_option():
    known = re.search(r"const KNOWN: &\[&str\] = &\[(.*?)\];", (HERE / "src/options.rs").read_text(), re.DOTALL)
    options = set(re.findall(r'"([^"]+)"', known.group(1)))
    assert len(options) > 40
    said = {name.lower() for name in re.findall(r"`([A-Za-z_.]+)`", README)}
    assert options - said - UNSAID == set()
    assert options >= UNSAID
