"""A real sshd on loopback, for this user alone, and a proxy in front of it that cuts connections."""

import getpass
import os
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

PROGRAM = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


class Sshd:
    """Starts it. `options` are those of the data source."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("host_key", "key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
        shutil.copy(folder / "key.pub", folder / "authorized_keys")
        self.port = free_port()
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {(folder / 'host_key.pub').read_text()}")
        # MaxStartups is what people have who never heard of it.
        (folder / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1:{self.port}\nHostKey {folder}/host_key\nAuthorizedKeysFile {folder}/authorized_keys\n"
            "PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            "PermitRootLogin prohibit-password\nLogLevel ERROR\nSubsystem sftp internal-sftp\n"
        )
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        with (folder / "sshd.log").open("wb") as log:
            self.process = subprocess.Popen([PROGRAM, "-D", "-e", "-f", folder / "sshd_config"], stdout=log, stderr=log)
        self._wait()

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
        self.process.terminate()
        self.process.wait(10)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class CuttingProxy:
    """Carries connections to a server, and cuts all of them when `budget` bytes have gone up. Without a budget it only counts."""

    def __init__(self, port: int):
        self.to = port
        self.budget: int | None = None
        self.sent = 0
        self.lock = threading.Lock()
        self.sockets: set[socket.socket] = set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self, budget: int | None):
        with self.lock:
            self.budget, self.sent = budget, 0

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self._is_spent(0):
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self.to))
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.sockets.add(one)
            threading.Thread(target=self._carry, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._carry, args=(server, client, False), daemon=True).start()

    def _is_spent(self, more: int) -> bool:
        with self.lock:
            self.sent += more
            return self.budget is not None and self.sent > self.budget

    def _carry(self, source, target, is_up):
        try:
            while data := source.recv(65536):
                if self._is_spent(len(data) if is_up else 0):
                    break
                target.sendall(data)
        except OSError:
            pass
        for one in (source, target):
            self.sockets.discard(one)
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()

    def end(self):
        self.listener.close()
        for one in list(self.sockets):
            one.close()
