"""A real sshd on loopback, for this user alone, with keys and files of its own."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import psutil

PROGRAM = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


class Sshd:
    """Starts it; `config` is for ssh's -F, and `host` its Host."""

    host = "loopback"

    def __init__(self, folder: Path):
        self.folder = folder
        self.jobs = folder / "jobs"
        self.config = folder / "ssh_config"
        for name in ("host_key", "key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
        shutil.copy(folder / "key.pub", folder / "authorized_keys")
        self.port = free_port()
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {(folder / 'host_key.pub').read_text()}")
        # MaxStartups is what people have who never heard of it.
        (folder / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1:{self.port}\nListenAddress [::1]:{self.port}\n"
            f"HostKey {folder}/host_key\nAuthorizedKeysFile {folder}/authorized_keys\n"
            "PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            f"PermitRootLogin prohibit-password\nLogLevel ERROR\nSetEnv TUNNEL_JOBS={self.jobs}\n"
        )
        self.config.write_text(
            f"Host {self.host}\n  HostName 127.0.0.1\n  Port {self.port}\n  User {getpass.getuser()}\n"
            f"  IdentityFile {folder}/key\n  IdentitiesOnly yes\n  IdentityAgent none\n"
            f"  UserKnownHostsFile {folder}/known_hosts\n  StrictHostKeyChecking yes\n  LogLevel ERROR\n"
        )
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        with (folder / "sshd.log").open("wb") as log:
            self.process = subprocess.Popen([PROGRAM, "-D", "-e", "-f", folder / "sshd_config"], stdout=log, stderr=log)
        self._wait()

    def _wait(self):
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError((self.folder / "sshd.log").read_text()) from None
                time.sleep(0.05)
            else:
                return

    def end(self):
        end_with_children(self.process)


def end_with_children(process, patience=10):
    """End a process that is ours, and what it started."""
    with contextlib.suppress(psutil.NoSuchProcess):
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.terminate()
        for one in psutil.wait_procs(family, timeout=patience)[1]:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
    process.wait(10)


def end_home(home):
    """End the connections that calls share, and remove a home of tunnel's."""
    for path in home.glob("mux/*"):
        subprocess.run(["ssh", "-S", path, "-O", "exit", "x"], capture_output=True, check=False, timeout=20)
    shutil.rmtree(home, ignore_errors=True)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
