"""Lets each API call of the root module's commands go wrong in turn, and says what the commands after it make of it.

One round is one life of a deployment: apply, reset, sleep, wake, destroy. In each of them one call is struck. Afterwards the command is
run again if it failed; then there must be what one whole deployment has (after a destroy: nothing), and the plan must be empty. The calls
come from a life in which nothing goes wrong. Started by faults.sh.
"""

import argparse
import concurrent.futures
import json
import pathlib
import random
import re
import subprocess
import sys
import time

from deployment import PROVIDER, SCRIPTS, VARIABLES, Deployment, below, converge, is_called, kill, send, wait_for_providers

COMMANDS = ["apply", "reset", "sleep", "wake", "destroy"]
# No command takes longer than this, in seconds, whatever goes wrong.
LONGEST = 300
REFUSED = {"status": 403, "code": "PERMISSION_DENIED"}
LOST = {"effect": "after", "cut": True}
# While it is held, the caller is killed; then the call never takes effect, or has.
HELD_BEFORE = {"effect": "before", "cut": True, "delay_ms": 3000}
HELD_AFTER = {"effect": "after", "cut": True, "delay_ms": 3000}
# How a call goes wrong. What only reads has no effect that could come before or after a kill.
WRITES = {
    "lost": LOST,
    "refused": REFUSED,
    "late": {"delay_ms": 1500},
    "killed before": HELD_BEFORE,
    "killed after": HELD_AFTER,
}
READS = {"lost": LOST, "refused": REFUSED, "killed": HELD_AFTER}
READING = re.compile(r"(GET|HEAD) |\w+:(Describe|Get|List|Head)")
# What is another one in each deployment: numbers, and long identifiers.
NAMES = re.compile(r"(?<=/)([0-9]{6,}|[0-9a-f]{8}-[0-9a-f-]{27})(?=/|$)")


def calls(entries):
    """The calls of requests, as the faults of a local cloud name them."""
    for entry in entries:
        is_aws = re.match(r"\w+:", entry["path"])
        yield entry["path"] if is_aws else f"{entry['method']} {NAMES.sub('*', entry['path'])}"


def cases_of(command, entries):
    """What can go wrong in a command: each call that writes, and each kind of call that reads, in each way."""
    counted, cases = {}, []
    for name in calls(entries):
        before = counted.get(name, 0)
        counted[name] = before + 1
        is_read = READING.match(name)
        if is_read and before:
            continue
        ways = READS if is_read else WRITES
        cases += [{"command": command, "call": name, "skip": before, "way": way} for way in ways]
    return cases


class Life:
    """A deployment, and what of it there is while it stands, sleeps, and does not exist."""

    def __init__(self, work):
        self.deployment = Deployment(work, "local", "0s")
        self.log = self.deployment.cloud / "requests.log"

    def requests(self, run):
        """The requests while something runs."""
        begun = self.log.stat().st_size
        run()
        with self.log.open() as log:
            log.seek(begun)
            return [json.loads(line) for line in log]

    def learn(self):
        """Lives once, undisturbed: the cases, and the counts after each command."""
        counts, cases = {}, {}
        nothing = self.deployment.census()
        for command in COMMANDS:
            failed = []
            entries = self.requests(lambda: failed.append(self.run(command)[0]))
            if failed[0]:
                sys.exit(f"{command} fails although nothing goes wrong")
            cases[command] = cases_of(command, entries)
            counts[command] = self.deployment.census()
        if counts["destroy"] != nothing or counts["reset"] != counts["apply"] or counts["wake"] != counts["apply"]:
            sys.exit(f"a life in which nothing goes wrong does not end as it began:\n{nothing}\n{counts}")
        return counts, cases

    def line(self, command):
        if command in SCRIPTS:
            return SCRIPTS[command]
        return ["terraform", *self.deployment.change("destroy" if command == "destroy" else "apply")]

    def run(self, command, killed=None):
        """Runs a command, and kills it once its call is held; its exit code and what it said."""
        said = self.deployment.work / "said"
        with said.open("w") as output, subprocess.Popen(
            self.line(command), cwd=self.deployment.folder, env=self.deployment.env,
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        ) as running:
            if killed and self.is_held(running):
                providers = [one for one in below(running.pid) if is_called(one, PROVIDER)]
                if killed == "all":
                    kill(running.pid)
                else:
                    send(providers, 9)
                running.wait(LONGEST)
                wait_for_providers(providers)
            running.wait(LONGEST)
        return running.returncode, said.read_text()

    def is_held(self, running):
        """Waits until the call is held; false if the command ends without it."""
        while running.poll() is None:
            if not self.faults():
                # What has an effect has it at once.
                time.sleep(0.2)
                return running.poll() is None
            time.sleep(0.02)
        return False

    def faults(self):
        program = [self.deployment.program, "--dir", self.deployment.cloud, "fault", "list"]
        return json.loads(subprocess.run(program, check=True, capture_output=True).stdout)

    def strike(self, case, counts, chance):
        """Runs the case's command while its call goes wrong, and puts it right; what is wrong then, and whether the call was made."""
        command, way = case["command"], case["way"]
        fault = {"match": case["call"], "skip": case["skip"], **(WRITES | READS)[way]}
        self.deployment.localcloud("fault", "add", json.dumps(fault))
        code, said = self.run(command, chance.choice(["all", "providers"]) if way.startswith("killed") else None)
        struck = not self.faults()
        self.deployment.localcloud("fault", "clear")
        self.deployment.put_back_emptied_state()
        wrong = []
        if code and way == "late":
            wrong.append(f"it fails because a call is late\n{said}")
        if "panicked" in said or "bug of the provider" in said or "bug in the provider" in said:
            wrong.append(f"it blames itself\n{said}")
        if code and command in ("apply", "wake"):
            converged = converge(self.deployment)
            if not converged or converged[1]:
                wrong.append(f"the next apply does not converge, after\n{said}")
        elif code:
            again, more = self.run(command)
            said += more
            if again:
                wrong.append(f"it fails twice\n{said}")
        there = self.deployment.census()
        other = [f"{kind}: {there[kind]} and not {count}" for kind, count in counts.items() if there[kind] != count]
        if other:
            wrong.append(f"{'; '.join(other)}, after\n{said}")
        return wrong, struck

    def live(self, cases, counts, chance):
        """One life with at most one case in each command: what is wrong, by case, and how many cases struck."""
        faulty, struck = [], 0
        needed = {"apply", "destroy", *cases}
        if needed & {"sleep", "wake"}:
            needed |= {"sleep", "wake"}
        for command in filter(needed.__contains__, COMMANDS):
            if command not in cases:
                code, said = self.run(command)
                if code:
                    return [*faulty, ({"command": command}, [said])], struck
                continue
            case = cases[command]
            wrong, has_struck = self.strike(case, counts[command], chance)
            struck += has_struck
            if command in ("apply", "wake") and not wrong:
                plan = self.deployment.terraform(
                    "plan", "-detailed-exitcode", "-input=false", "-no-color", f"-var-file={VARIABLES}"
                )
                wrong += ["the plan is not empty\n" + plan.stdout + plan.stderr] if plan.returncode else []
            if wrong:
                faulty.append((case, wrong))
                break
        return faulty, struck


def work_through(work, lives, counts, seed, until):
    """Lives these lives until the time is over: the number of cases, of those that struck, and what is wrong."""
    chance, cases, struck, faulty, begun = random.Random(seed), 0, 0, [], 0
    life = None
    for number, one in enumerate(lives):
        if until and time.time() > until:
            break
        if life is None:
            begun += 1
            life = Life(work / str(begun))
        wrong, hits = life.live(one, counts, chance)
        cases, struck = cases + len(one), struck + hits
        for case, what in wrong:
            print(f"{described(case)}: {'; '.join(what)}", flush=True)
        if wrong:
            faulty += wrong
            life.deployment.localcloud("down")
            life = None
        elif sys.stderr.isatty():
            print(f"\r{number + 1} of {len(lives)} lives", end="", file=sys.stderr, flush=True)
    if life:
        life.deployment.localcloud("down")
    return cases, struck, len(faulty)


def described(case):
    if "call" not in case:
        return f"{case['command']} after all was well"
    return f"{case['command']}: {case['call']} ({case['skip'] + 1}.) {case['way']}"


def main():
    parser = argparse.ArgumentParser(prog="scripts/faults.sh")
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=random.randrange(2**31))
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    until = time.time() + asked.minutes * 60 if asked.minutes else None
    first = Life(asked.work / "first")
    try:
        counts, cases = first.learn()
    finally:
        first.deployment.localcloud("down")
    chance = random.Random(asked.seed)
    for command, of_command in cases.items():
        of_command[:] = [case for case in of_command if asked.only in described(case)]
        chance.shuffle(of_command)
        print(f"{command}: {len(of_command)} cases")
    most = max(map(len, cases.values()))
    lives = [{command: of[number] for command, of in cases.items() if number < len(of)} for number in range(most)]
    everything = sum(map(len, cases.values()))
    print(f"seed {asked.seed}: {everything} cases in {most} lives")
    with concurrent.futures.ProcessPoolExecutor(asked.jobs) as pool:
        shares = [
            pool.submit(work_through, asked.work / f"job{job}", lives[job :: asked.jobs], counts, asked.seed + job, until)
            for job in range(asked.jobs)
        ]
        done = [share.result() for share in shares]
    ran, struck, faulty = (sum(each) for each in zip(*done))
    print(f"{ran} of {everything} cases ran, {struck} of them met their call, {faulty} went wrong")
    sys.exit(1 if faulty or not struck else 0)


if __name__ == "__main__":
    main()
