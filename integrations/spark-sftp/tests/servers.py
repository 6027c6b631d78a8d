"""Real servers on loopback, for this user alone: OpenSSH's, ProFTPD's mod_sftp, and asyncssh's, which can be told to misbehave."""

import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


class Server:
    """A server with a key of its own, and a key that may log in. `options` are those of the data source."""

    KEYS = ("-t", "ed25519")

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("host_key", "key"):
            subprocess.run(["ssh-keygen", "-q", *self.KEYS, "-N", "", "-f", folder / name], check=True)
        shutil.copy(folder / "key.pub", folder / "authorized_keys")
        self.port = free_port()
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {(folder / 'host_key.pub').read_text()}")
        self.log = folder / "server.log"

    def start(self, *command):
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(self.log.read_text()) from None
                time.sleep(0.05)
            else:
                return

    @property
    def fingerprint(self) -> str:
        shown = subprocess.run(["ssh-keygen", "-l", "-f", self.folder / "host_key.pub"], check=True, capture_output=True, text=True)
        return shown.stdout.split()[1]

    @property
    def options(self) -> dict[str, str]:
        return {
            "host": "127.0.0.1",
            "port": str(self.port),
            "username": getpass.getuser(),
            "private_key_content": (self.folder / "key").read_text(),
            "key_fingerprint": self.fingerprint,
        }

    def end(self):
        self.process.terminate()
        self.process.wait(10)


class Sshd(Server):
    """OpenSSH's. `sftp` is the program that answers."""

    def __init__(self, folder: Path, sftp: str = "internal-sftp"):
        super().__init__(folder)
        # MaxStartups is what people have who never heard of it.
        (folder / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1:{self.port}\nHostKey {folder}/host_key\nAuthorizedKeysFile {folder}/authorized_keys\n"
            "PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            f"PermitRootLogin prohibit-password\nLogLevel ERROR\nSubsystem sftp {sftp}\n"
        )
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.start(shutil.which("sshd", path=PATH), "-D", "-e", "-f", folder / "sshd_config")


class Proftpd(Server):
    """ProFTPD's: an SSH of its own, in C."""

    KEYS = ("-t", "rsa", "-b", "3072", "-m", "PEM")

    def __init__(self, folder: Path):
        super().__init__(folder)
        keys = subprocess.run(["ssh-keygen", "-e", "-f", folder / "key.pub"], check=True, capture_output=True).stdout
        (folder / "authorized_keys").write_bytes(keys)
        group = "root" if os.getgid() == 0 else f"#{os.getgid()}"
        (folder / "config").write_text(
            "ModulePath /usr/lib/proftpd\nLoadModule mod_sftp.c\nServerType standalone\nDefaultAddress 127.0.0.1\n"
            f"Port {self.port}\nUser {getpass.getuser()}\nGroup {group}\nPidFile {folder}/pid\nScoreboardFile {folder}/board\n"
            "DelayEngine off\nRootLogin on\nUseFtpUsers off\nRequireValidShell off\nUseReverseDNS off\nWtmpLog off\n"
            f"AuthOrder mod_auth_unix.c\nSystemLog {folder}/log\nSFTPEngine on\nSFTPHostKey {folder}/host_key\n"
            f"SFTPAuthorizedUserKeys file:{folder}/authorized_keys\nSFTPAuthMethods publickey\nSFTPLog {folder}/log\n"
            "AllowOverwrite on\nAllowStoreRestart on\n"
        )
        self.start(shutil.which("proftpd", path=PATH), "-n", "-q", "-c", folder / "config")


class Asyncssh(Server):
    """asyncssh's. `script` is the class Server that answers; what it prints is in `log`."""

    def __init__(self, folder: Path, script: str = "class Server(asyncssh.SFTPServer): pass"):
        super().__init__(folder)
        listen = (
            f"asyncssh.listen('127.0.0.1', {self.port}, server_host_keys=[{str(folder / 'host_key')!r}], "
            f"authorized_client_keys={str(folder / 'authorized_keys')!r}, sftp_factory=Server, allow_scp=False)"
        )
        program = f"import asyncio, asyncssh, errno, os\n{script}\nasync def main():\n    await {listen}\n    await asyncio.Event().wait()\n"
        self.start(sys.executable, "-u", "-c", f"{program}asyncio.run(main())")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
