"""The trigger, against the fake tunnel."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from airflow_provider_tunnel.destination import Destination
from airflow_provider_tunnel.hooks.job import TunnelJobHook
from airflow_provider_tunnel.progress import Progress
from airflow_provider_tunnel.triggers.job import TunnelJobTrigger

DONE = {"state": "exited", "exit_code": 0}


@pytest.fixture
def trigger(fake):
    def make(job_id=None, **orders):
        hook = TunnelJobHook(host="somewhere", tunnel=str(fake.program))
        progress = Progress(job_id or hook.submit(["true"]).id, stdout_offset=orders.pop("stdout_offset", 0))
        given = {
            "destination": Destination(host="somewhere", tunnel=str(fake.program)).serialize(),
            "progress": progress.serialize(),
            "poll_interval": 0.2,
            "deadline": time.time() + 60,
            "log_interval": None,
            "unreachable_timeout": 60.0,
            "command_timeout": 20.0,
            "cancel_on_kill": True,
            "cancel_grace": 10.0,
        }
        return TunnelJobTrigger(**{**given, **orders})

    return make


def fired(trigger):
    return asyncio.run(anext(trigger.run())).payload


def test_it_fires_when_the_job_has_ended(fake, trigger):
    fake.set(script=[{"status": "step 1"}, {"status": "step 2"}, DONE])
    event = fired(trigger())
    assert (event["reason"], event["progress"]["job_id"]) == ("finished", fake.jobs[0]["id"])
    assert event["progress"]["status"] == "step 2"
    assert fake.asked() == ["submit", "status", "status", "status"]
    json.dumps(event)


def test_it_is_made_anew_from_what_it_serializes(trigger):
    first = trigger(stdout_offset=17)
    path, orders = first.serialize()
    assert path == f"{TunnelJobTrigger.__module__}.{TunnelJobTrigger.__qualname__}"
    assert TunnelJobTrigger(**json.loads(json.dumps(orders))).serialize() == (path, orders)


def test_it_fires_when_the_log_is_to_be_shown(fake, trigger):
    fake.set(script=[{}, {"stdout": "one\n"}, {}])
    event = fired(trigger(log_interval=0.0))
    assert (event["reason"], event["progress"]["stdout_offset"]) == ("log", 0)


def test_it_fires_when_the_deadline_has_passed(trigger):
    assert fired(trigger(deadline=time.time() - 1))["reason"] == "timed_out"


def test_it_says_when_the_job_is_not_there(trigger):
    event = fired(trigger("nosuchjob"))
    assert (event["reason"], "knows no job nosuchjob" in event["error"]) == ("failed", True)


def test_it_bears_a_lost_network_for_a_while(fake, trigger):
    waiting = trigger(unreachable_timeout=0.5)
    fake.set(fails={"status": "no route to host"})
    began = time.monotonic()
    event = fired(waiting)
    assert (event["reason"], event["error"]) == ("failed", "no route to host")
    assert time.monotonic() - began >= 0.5


def test_a_network_that_comes_back_is_as_if_nothing_was(fake, trigger):
    waiting = trigger()
    fake.set(fails={"status": "no route to host"})

    async def scenario():
        event = asyncio.ensure_future(anext(waiting.run()))
        while "status" not in fake.asked():
            await asyncio.sleep(0.05)
        fake.set(fails={})
        fake.update(**DONE)
        return (await event).payload

    event = asyncio.run(scenario())
    assert (event["reason"], event["progress"]["unreachable_since"]) == ("finished", None)


def test_many_triggers_of_one_destination_ask_in_one_call(fake, trigger):
    triggers = [trigger(poll_interval=1.0) for _ in range(20)]

    async def scenario():
        events = asyncio.gather(*(anext(one.run()) for one in triggers))
        while "status" not in fake.asked():
            await asyncio.sleep(0.05)
        fake.change_all(**DONE)
        return [event.payload["reason"] for event in await events]

    assert asyncio.run(scenario()) == ["finished"] * 20
    # Twice, or once more where they began on both sides of the moment for which they wait.
    assert len(fake.calls("status")) <= 4


def test_a_job_that_is_gone_does_not_hold_up_the_others(fake, trigger):
    triggers = [trigger(), trigger("nosuchjob")]
    fake.change_all(**DONE)

    async def scenario():
        return [event.payload["reason"] for event in await asyncio.gather(*(anext(one.run()) for one in triggers))]

    assert asyncio.run(scenario()) == ["finished", "failed"]


def test_on_kill_cancels_the_job(fake, trigger):
    asyncio.run(trigger().on_kill())
    assert fake.jobs[0]["state"] == "cancelled"


def test_on_kill_leaves_the_job_alone_where_it_was_told_so(fake, trigger):
    asyncio.run(trigger(cancel_on_kill=False).on_kill())
    assert fake.jobs[0]["state"] == "running"


def test_a_triggerer_that_stops_leaves_the_job_alone(fake, trigger):
    waiting = trigger()

    async def scenario():
        run = asyncio.ensure_future(anext(waiting.run()))
        await asyncio.sleep(0.5)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        await waiting.cleanup()

    asyncio.run(scenario())
    assert fake.jobs[0]["state"] == "running"
    fake.update(**DONE)
    assert fired(TunnelJobTrigger(**waiting.serialize()[1]))["reason"] == "finished"
