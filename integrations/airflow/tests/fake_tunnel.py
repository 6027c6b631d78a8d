"""
A stand-in for `tunnel job`: the same arguments, strictly, and the same answers, out of one JSON file.

The file is named by FAKE_TUNNEL. Its `script` is what happens to a job: each look at it (`status`) takes one step, which is an
object with any of stdout, stderr, status, state, exit_code, signal.
"""

import base64
import fcntl
import hashlib
import json
import os
import sys
import time

FINISHED = {"exited", "signaled", "cancelled", "timed_out", "lost"}
SHOWN = (
    "id name key command state exit_code signal started_at ended_at duration_seconds status".split()  # noqa: SIM905
)
FLAGS = {"submit": {"--json", "--shell"}, "logs": {"--json", "-f"}}
VALUES = {
    "submit": {"--name", "--key", "--env", "--dir", "--timeout", "--stdin", "--upload"},
    "logs": {"--since-offset", "--stream"},
    "cancel": {"--grace"},
    "clean": {"--older-than"},
    "status": set(),
    "list": set(),
}


class UsageError(Exception):
    pass


def parse(words, flags, values):
    """Read options up to the first other word."""
    options = []
    while words and words[0].startswith("-"):
        word = words.pop(0)
        if word == "--":
            break
        name, has_value, value = word.partition("=")
        if name in flags and not has_value:
            options.append((name, True))
        elif name in values:
            if not has_value:
                value = words.pop(0)
            options.append((name, value))
        else:
            raise UsageError(word)
    return options, words


def main(words):
    if words.pop(0) != "job":
        raise UsageError
    where, words = parse(words, set(), {"--host", "-F", "-o", "--outputs", "--endpoint", "--jobs-dir"})
    what = words.pop(0)
    options, rest = parse(words, FLAGS.get(what, {"--json"}), VALUES[what])
    with open(os.environ["FAKE_TUNNEL"], "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        world = json.load(file)
        world["calls"].append(
            {"what": what, "where": where, "options": options, "rest": rest, "argv": sys.argv, "pid": os.getpid()}
        )
        slow, fails = world["slow"].get(what, 0), world["fails"].get(what)
        code = 1 if fails and not world["fails_after"] else globals()[f"do_{what}"](world, options, rest)
        if fails and world["fails_after"]:
            code = 1
        file.seek(0)
        file.truncate()
        json.dump(world, file)
    sys.stdout.flush()
    if world["lingers"] and os.fork() == 0:
        # As ssh does for the connection that calls share: it holds the pipes, and stays.
        time.sleep(world["lingers"])
        os._exit(0)
    time.sleep(slow)
    if fails:
        sys.stderr.write(f"tunnel: {fails}\n")
    return code


def do_submit(world, options, command):
    several = lambda name: [value for option, value in options if option == name]  # noqa: E731
    one = lambda name: (several(name) or [None])[0]  # noqa: E731
    if not command or (("--shell", True) in options and len(command) != 1):
        raise UsageError(command)
    key, stdin = one("--key"), one("--stdin")
    data = (sys.stdin.buffer.read() if stdin == "-" else open(stdin, "rb").read()).decode("latin-1") if stdin else ""
    for job in world["jobs"]:
        if key and job["key"] == key:
            if (job["command"], job["stdin"]) != (command, data):
                sys.stderr.write("tunnel: a job with this key has another command\n")
                return 1
            return answer(world, {"id": job["id"], "created": False, "host": dict(world["calls"][-1]["where"]).get("--host")})
    env = dict(text.split("=", 1) if "=" in text else (text, os.environ[text]) for text in several("--env"))
    seed = key or os.urandom(8).hex()
    job = dict.fromkeys(SHOWN) | {
        "id": hashlib.sha256(seed.encode()).hexdigest()[:20],
        "name": one("--name"),
        "key": key,
        "command": command,
        "stdin": data,
        "state": "running",
        "started_at": "2026-11-27T05:00:00Z",
        "duration_seconds": 1.5,
        "stdout": "",
        "stderr": "",
        "env": env,
        "script": list(world["script"]),
        "uploads": {os.path.basename(name): open(name).read() for name in several("--upload")},
    }
    world["jobs"].append(job)
    return answer(world, {"id": job["id"], "created": True, "host": dict(world["calls"][-1]["where"]).get("--host")})


def do_status(world, _options, ids):
    found, missing = [], []
    for job_id in ids:
        job = find(world, job_id)
        if job is None:
            missing.append(job_id)
            continue
        if job["script"] and job["state"] not in FINISHED:
            step = job["script"].pop(0)
            for stream in ("stdout", "stderr"):
                job[stream] += step.pop(stream, "")
            job.update(step)
        found.append(job)
    answer(world, [shown(job) for job in found])
    if missing:
        sys.stderr.write(f"tunnel: there is no job {', '.join(missing)}\n")
    return 1 if missing else 0


def do_list(world, _options, _rest):
    return answer(world, [shown(job) for job in reversed(world["jobs"])])


def do_logs(world, options, ids):
    options = dict(options)
    job, stream = find(world, ids[0]), options["--stream"]
    data, offset = job[stream].encode("latin-1"), int(options["--since-offset"])
    while offset < len(data):
        piece = data[offset : offset + world["piece"]]
        try:
            body = {"text": piece.decode()}
        except UnicodeDecodeError:
            body = {"base64": base64.b64encode(piece).decode()}
        answer(world, {"stream": stream, "offset": offset, "next_offset": offset + len(piece), **body})
        offset += len(piece)
    return answer(world, {"job": shown(job)})


def do_cancel(world, _options, ids):
    job = find(world, ids[0])
    if job is None:
        sys.stderr.write(f"tunnel: there is no job {ids[0]}\n")
        return 1
    if job["state"] not in FINISHED:
        job.update(state="cancelled", exit_code=143)
    return answer(world, shown(job))


def do_clean(world, _options, ids):
    gone = [job["id"] for job in world["jobs"] if job["id"] in ids and job["state"] in FINISHED]
    world["jobs"] = [job for job in world["jobs"] if job["id"] not in gone]
    answer(world, gone)
    if set(ids) - set(gone):
        sys.stderr.write("tunnel: a job that is named runs, or is not there\n")
        return 1
    return 0


def find(world, job_id):
    return next((job for job in world["jobs"] if job["id"] == job_id), None)


def shown(job):
    return {name: job[name] for name in SHOWN} | {f"{stream}_bytes": len(job[stream]) for stream in ("stdout", "stderr")}


def answer(_world, value):
    print(json.dumps(value))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (UsageError, KeyError, IndexError) as error:
        sys.stderr.write(f"error: bad usage: {error!r}\n")
        sys.exit(2)
