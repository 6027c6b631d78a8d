"""Kills applies, destroys and the scripts of the root module at random moments, and says what the next apply makes of it.

One run is one cloud: a local cloud of its own, a copy of the root module, and a state in a file (local), behind a server of states
(http) or in a bucket (s3). A round kills one command, converges, compares what there is on both sides with what one whole deployment
has, plans, destroys, and compares again. Started by kills.sh.
"""

import argparse
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

from deployment import PROVIDER, SCRIPTS, SECRETS, VARIABLES, Deployment, below, converge, is_called, kill, send, wait_for_providers

# How a command is ended: all of it, its providers, Terraform alone, or by Ctrl-C once and twice.
WAYS = ["all", "all", "providers", "terraform", "int", "int-int"]
COMMANDS = ["apply", "apply", "destroy", "sleep", "wake", "reset"]


def cut(deployment, command, seconds, way):
    """Starts a command and ends it so after so many seconds; whether it was over before."""
    script = command[0].startswith("scripts/")
    started = command if script else ["terraform", *command]
    with subprocess.Popen(
        started, cwd=deployment.folder, env=deployment.env,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as running:
        end = time.monotonic() + seconds
        while time.monotonic() < end and running.poll() is None:
            time.sleep(0.01)
        if running.poll() is not None:
            return True
        everything = [running.pid, *below(running.pid)]
        providers = [one for one in everything if is_called(one, PROVIDER)]
        terraforms = [one for one in everything if is_called(one, "terraform") and one not in providers]
        match way:
            case "all":
                kill(running.pid)
            case "providers":
                send(providers, signal.SIGKILL)
            case "terraform":
                send(terraforms, signal.SIGKILL)
            case "int":
                send(terraforms, signal.SIGINT)
            case "int-int":
                send(terraforms, signal.SIGINT)
                time.sleep(0.3)
                send(terraforms, signal.SIGINT)
        running.wait()
        wait_for_providers(providers)
    return False


def round_of(deployment, name, seconds, way, elsewhere, whole, nothing):
    """One kill and what comes of it: a line, and whether all is well."""
    if name != "apply":
        assert converge(deployment), "a first apply"
    if name == "wake":
        subprocess.run(SCRIPTS["sleep"], cwd=deployment.folder, env=deployment.env, capture_output=True, check=True)
    command = SCRIPTS.get(name) or deployment.change("destroy" if name == "destroy" else "apply")
    was_over = cut(deployment, command, seconds, way)
    deployment.put_back_emptied_state()
    if elsewhere:
        shutil.rmtree(deployment.folder / ".terraform")
        deployment.initialize()
    converged = converge(deployment)
    said = f"{name:8} {way:10} {seconds:5.1f} s{' (was over)' if was_over else ''}"
    if not converged:
        return f"{said}: an apply fails twice in the same way", False
    applies, imports = converged
    plan = deployment.terraform("plan", "-detailed-exitcode", "-input=false", "-no-color", f"-var-file={VARIABLES}")
    wrong = []
    if plan.returncode != 0:
        wrong.append("the plan is not empty\n" + plan.stdout + plan.stderr)
    there = deployment.census()
    if elsewhere:
        # Nothing marks a secret, and nobody else may take one away: what was cut off ends with its lifetime.
        there[SECRETS] = min(there[SECRETS], whole[SECRETS])
    wrong += [f"{kind}: {there[kind]} and not {count}" for kind, count in whole.items() if there[kind] != count]
    destroyed = deployment.terraform(*deployment.change("destroy"))
    if destroyed.returncode != 0:
        wrong.append("the destroy failed\n" + destroyed.stderr)
    left = deployment.census()
    wrong += [f"{left[kind]} {kind} are left" for kind, count in nothing.items() if left[kind] != count]
    said = f"{said}: {applies} applies, {imports} imports"
    return (f"{said}: {'; '.join(wrong)}", False) if wrong else (f"{said}: well", True)


def main():
    parser = argparse.ArgumentParser(prog="scripts/kills.sh")
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--backend", choices=["local", "s3", "http"], default="s3")
    parser.add_argument("--elsewhere", action="store_true")
    parser.add_argument("--provisioning", default="0s")
    parser.add_argument("--seed", type=int, default=random.randrange(2**31))
    parser.add_argument("--skew", type=int, default=0)
    parser.add_argument("--commands", default=",".join(COMMANDS))
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    sys.stdout.reconfigure(line_buffering=True)
    where = "elsewhere" if asked.elsewhere else "same folder"
    clock = f", the provider's clock {asked.skew:+} s" if asked.skew else ""
    print(f"seed {asked.seed}, state {asked.backend}, {where}, provisioning {asked.provisioning}{clock}")
    deployment = Deployment(asked.work, asked.backend, asked.provisioning)
    if asked.skew:
        deployment.skew(asked.skew)
    try:
        nothing = deployment.census()
        begun = time.monotonic()
        if not converge(deployment):
            sys.exit("the first apply failed")
        lasts = time.monotonic() - begun
        whole = deployment.census()
        deployment.terraform(*deployment.change("destroy"))
        if deployment.census() != nothing:
            sys.exit("the first destroy left something")
        good = 0
        for number in range(asked.rounds):
            name, way = chance.choice(asked.commands.split(",")), chance.choice(WAYS)
            seconds = chance.uniform(0.4, lasts * 1.05)
            line, is_well = round_of(deployment, name, seconds, way, asked.elsewhere, whole, nothing)
            print(f"{number + 1:3} {line}")
            good += is_well
            if not is_well and deployment.census() != nothing:
                print("what is left spoils the rounds that would follow")
                break
        print(f"{good} of {number + 1} rounds are well")
        sys.exit(0 if good == asked.rounds else 1)
    finally:
        deployment.localcloud("down")


main()
