# Databricks notebook source
# Starts the tunnel's server on the driver and stays its parent: workspace files and volumes are open only to descendants
# of a notebook. Written and started by `tunnel connect`; ends when the server ends.

import collections
import ctypes
import errno
import hashlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time


def parameter(name):
    try:
        dbutils.widgets.text(name, "")
    except Exception:
        pass
    return dbutils.widgets.get(name)


def context(name):
    """A value of the notebook's context; None where there is none."""
    try:
        notebook = dbutils.notebook.entry_point.getDbutils().notebook().getContext()
        value = getattr(notebook, name)()
        return value.get() if value.isDefined() else None
    except Exception:
        return None


def cluster():
    """The cluster's id, by which clients reach this driver. On serverless compute nobody knows it before."""
    found = parameter("cluster_id") or context("clusterId")
    if not found:
        try:
            found = spark.conf.get("spark.databricks.clusterUsageTags.clusterId")
        except Exception:
            found = os.environ.get("DATABRICKS_CLUSTER_ID")
    if not found:
        raise RuntimeError("this driver does not say which cluster it is, so nobody can reach it")
    return found


def fetch_program(source, sha256, directory):
    """Copies the program out of the workspace, where nobody can change it any more, and checks that it is the right one."""
    target = os.path.join(directory, "tunnel")
    deadline = time.monotonic() + 60
    while True:
        try:
            shutil.copyfile(source, target)
            break
        except FileNotFoundError:
            # Workspace files may take a moment to be seen on a driver.
            if time.monotonic() > deadline:
                raise RuntimeError(f"{source} is not on the driver: apply the configuration again") from None
            time.sleep(1)
    digest = hashlib.sha256()
    with open(target, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    if digest.hexdigest() != sha256:
        raise RuntimeError(f"{source} is not the program of this endpoint: its SHA-256 is {digest.hexdigest()}, not {sha256}")
    os.chmod(target, 0o700)
    return target


def environment():
    result = dict(os.environ)
    host = context("apiUrl")
    token = context("apiToken")
    if host and token:
        result["DATABRICKS_HOST"] = host if "://" in host else "https://" + host
        result["DATABRICKS_TOKEN"] = token
    for other in ("DATABRICKS_CLIENT_ID", "DATABRICKS_CLIENT_SECRET", "DATABRICKS_ACCOUNT_ID", "DATABRICKS_CONFIG_PROFILE"):
        result.pop(other, None)
    result["DATABRICKS_CLUSTER_ID"] = cluster()
    result["DATABRICKS_REMOTE_ENV"] = "1"
    result["DATABRICKS_VIRTUAL_ENV"] = sys.executable or ""
    if sys.executable:
        result["VIRTUAL_ENV"] = result.get("VIRTUAL_ENV") or sys.prefix
        result["PATH"] = os.path.dirname(sys.executable) + os.pathsep + result.get("PATH", os.defpath)
    return result


def adopt(wanted):
    """Whether what descendants leave behind becomes this process's own: prctl(2), PR_SET_CHILD_SUBREAPER."""
    try:
        ctypes.CDLL(None).prctl(36, int(wanted), 0, 0, 0)
    except (OSError, AttributeError) as error:
        print(f"what the server leaves behind cannot be adopted: {error}")


def processes():
    """The parent and the state of every process: the fourth and third field of /proc/PID/stat, proc(5)."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", errors="replace") as file:
                fields = file.read().rpartition(") ")[2].split()
            found[int(name)] = (int(fields[1]), fields[0])
        except (OSError, IndexError, ValueError):
            pass
    return found


def children():
    return {id for id, (parent, _) in processes().items() if parent == os.getpid()}


def end_orphans(before):
    """Ends what a server that was killed left behind; one that ends by itself leaves nothing. Then nothing outlives the run."""
    force_at = time.monotonic() + 3
    told = set()
    while True:
        table = processes()
        rest = {id for id, (parent, _) in table.items() if parent == os.getpid()} - before
        while True:
            more = {id for id, (parent, _) in table.items() if parent in rest} - rest
            if not more:
                break
            rest |= more
        late = time.monotonic() > force_at
        if not rest or time.monotonic() > force_at + 3:
            return
        for id in rest:
            try:
                if table[id][1] == "Z":
                    os.waitpid(id, os.WNOHANG)
                elif late or id not in told:
                    told.add(id)
                    os.kill(id, signal.SIGKILL if late else signal.SIGTERM)
            except OSError:
                # It ended in the meantime, or is somebody else's to wait for.
                pass
        time.sleep(0.05)


def start(arguments):
    try:
        # Its stdin is a pipe that ends with this process, however that ends: then the server ends too.
        return subprocess.Popen(
            arguments,
            env=environment(),
            cwd=os.path.expanduser("~"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as error:
        if error.errno == errno.ENOEXEC:
            machine = platform.machine()
            raise RuntimeError(f"the endpoint's program is none for this driver ({machine}): {error.strerror}") from None
        raise


def run():
    before = children()
    adopt(True)
    directory = tempfile.mkdtemp(prefix="tunnel-")
    server = None
    try:
        path = parameter("binary_path")
        root = os.environ.get("DATABRICKS_WORKSPACE_ROOT", "/Workspace")
        if path.startswith("/Workspace/"):
            path = root + path[len("/Workspace") :]
        program = fetch_program(path, parameter("binary_sha256"), directory)
        arguments = [program, "server"]
        names = ("directory", "secret_scope", "instance_id", "max_clients", "shutdown_delay", "usage_policy_id", "compute")
        for name in names + ("official_directory", "official_scope"):
            value = parameter(name)
            if value:
                arguments += ["--" + name.replace("_", "-"), value]
        server = start(arguments)
        # It runs, and needs its file no more: nothing stays behind, however this ends.
        shutil.rmtree(directory, ignore_errors=True)
        last = collections.deque(maxlen=100)
        for line in server.stdout:
            print(line, end="", flush=True)
            last.append(line)
        code = server.wait()
        if code != 0:
            raise RuntimeError(f"the tunnel's server ended with code {code}: " + "".join(last)[-2000:])
    finally:
        if server is not None and server.poll() is None:
            server.stdin.close()
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        shutil.rmtree(directory, ignore_errors=True)
        end_orphans(before)
        adopt(False)


run()
