"""Applications that are watched, as the monitoring dashboard of the seeds shows them, and its simulator.

On the channel `applications`, with the newest of each application in its snapshot:

    applicationStatusUpdate {id, name, environment, status, responseTime, uptime, sla}       key "application/<id>"
    healthMetricUpdate      {applicationId, responseTime, status}                            key "health/<id>"
    notification            {level, message}
    testStarted, testCompleted, testFailed                                                   for the activity feed

On the channel of a test run, which is that of its task and its `testRunId`:

    testRunStarted   {testRunId, applicationCount}
    testStarted      {testRunId, applicationId, applicationName, testType}
    testCompleted    {…, status: "passed", duration}     testFailed {…, status: "failed", duration, error}
    progressUpdate   {testRunId, completed, total, currentApplication, status}               key "progress"
    testRunCompleted {testRunId, summary: {total, passed, failed}}     testRunCancelled {testRunId}

A button of the simulator is a job: `POST /api/tasks {"job": "simulate-test-run"}`. Only the demo has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from headway.demo.stage import Stage
from headway.tasks.task import Cancelled
from headway.tasks.work import Work

__all__ = ["CHANNEL", "SHOWS", "SIMULATOR", "play", "prepare"]

SHOWS: Final = "applications under watch"

CHANNEL: Final = "applications"
SIMULATOR: Final = ("simulate-test-run", "simulate-status-update", "simulate-activity")
"""The jobs behind the buttons "Simulate test run", "Status update" and "Add activity"."""

_PASSES: Final = 0.8
_MILLISECONDS: Final = (1_000, 4_000)
"""A test takes as long as the seeds' own simulator has it."""
_ERRORS: Final = {
    "health_check": ("HTTP_503", "the server answered 503: service unavailable"),
    "login_test": ("LOGIN_FORM_NOT_FOUND", "there is no field for the password on the page"),
}
"""Code and sentence, by type of test."""
_LOOKS: Final = 12
"""Applications that are looked at in one round."""

Fields = dict[str, Any]  # Any: JSON values


@dataclass(frozen=True, slots=True)
class Application:
    """One that is watched."""

    id: str
    name: str
    environment: str
    milliseconds: int
    """Its usual response time."""


APPLICATIONS: Final = (
    Application("payment-api", "Payment API", "production", 120),
    Application("customer-portal", "Customer portal", "production", 340),
    Application("order-service", "Order service", "production", 90),
    Application("sign-in", "Sign-in", "production", 60),
    Application("warehouse", "Warehouse", "staging", 210),
    Application("reports", "Reports", "staging", 780),
)


def prepare(stage: Stage) -> None:
    """Add the buttons of the simulator."""
    simulator = _Simulator(stage)
    jobs = stage.live.jobs

    @jobs.job(SIMULATOR[0], title="Test run of all applications", concurrency=2)
    async def simulate_test_run(work: Work) -> Fields:
        return await simulator.test_run(work)

    @jobs.job(SIMULATOR[1], title="Status update of an application")
    async def simulate_status_update(work: Work) -> Fields:
        return await simulator.status_update()

    @jobs.job(SIMULATOR[2], title="Test of one application")
    async def simulate_activity(work: Work) -> Fields:
        application = stage.random.choice(APPLICATIONS)
        return await simulator.test(application, CHANNEL, work)


async def play(stage: Stage) -> None:
    """Tell how the applications are, have one of them go down and come back, and test all of them."""
    simulator = _Simulator(stage)
    for application in APPLICATIONS:
        await simulator.tell_status(application, "healthy")
    task = await stage.live.submit(SIMULATOR[0])
    weak = stage.random.randrange(_LOOKS // 2)
    for look in range(_LOOKS):
        await stage.pause(stage.random.uniform(2.0, 4.0))
        if look == weak:
            down = stage.random.choice(APPLICATIONS)
            await simulator.tell_change(down, "down")
        elif look == weak + 4:
            await simulator.tell_change(down, "healthy")
        else:
            await simulator.tell_health(stage.random.choice(APPLICATIONS))
    await stage.ended(task.id)
    await stage.pause(15)


class _Simulator:
    """What can be told of applications."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._random = stage.random

    async def test_run(self, work: Work) -> Fields:
        """Test every application, one after the other."""
        run = work.channel or ""
        failed = 0
        work.unit = "applications"
        await self._tell(run, "testRunStarted", {"testRunId": run, "applicationCount": len(APPLICATIONS)})
        try:
            async for application in work.track(APPLICATIONS):
                work.update(current=application.name)
                await self._tell_progress(run, int(work.done), application.name)
                tested = await self.test(application, run, work, more={"testRunId": run})
                failed += tested["status"] == "failed"
        except Cancelled:
            await self._tell(run, "testRunCancelled", {"testRunId": run})
            raise
        summary = {"total": len(APPLICATIONS), "passed": len(APPLICATIONS) - failed, "failed": failed}
        await self._tell_progress(run, len(APPLICATIONS), None, status="completed")
        await self._tell(run, "testRunCompleted", {"testRunId": run, "summary": summary})
        return summary

    async def test(
        self,
        application: Application,
        channel: str,
        work: Work,
        more: Mapping[str, Any] | None = None,  # Any: JSON
    ) -> Fields:
        """Test one application, and tell of it there and where all applications are."""
        kind = self._random.choice(tuple(_ERRORS))
        about = {
            **(more or {}),
            "applicationId": application.id,
            "applicationName": application.name,
            "testType": kind,
        }
        duration = self._random.randint(*_MILLISECONDS)
        await self._tell_both(channel, "testStarted", about)
        await self._stage.labour(work, duration / 1_000)
        if self._random.random() < _PASSES:
            work.item(application.name, "passed", f"{kind} in {duration} ms")
            told: Fields = {**about, "status": "passed", "duration": duration}
            await self._tell_both(channel, "testCompleted", told)
        else:
            code, message = _ERRORS[kind]
            work.item(application.name, "failed", message, code=code)
            told = {**about, "status": "failed", "duration": duration, "error": code, "message": message}
            await self._tell_both(channel, "testFailed", told)
        return told

    async def status_update(self) -> Fields:
        """One application changes."""
        application = self._random.choice(APPLICATIONS)
        return await self.tell_change(application, self._random.choice(("healthy", "warning", "down")))

    async def tell_change(self, application: Application, status: str) -> Fields:
        """It is so now, and people are told."""
        told = await self.tell_status(application, status)
        words = {"healthy": "answers as usual", "warning": "answers slowly", "down": "does not answer"}
        level = {"healthy": "success", "warning": "warning", "down": "error"}[status]
        await self._tell(CHANNEL, "notification", {"level": level, "message": f"{application.name} {words[status]}"})
        return told

    async def tell_status(self, application: Application, status: str) -> Fields:
        """It is so now."""
        told = {
            "id": application.id,
            "name": application.name,
            "environment": application.environment,
            "status": status,
            "responseTime": None if status == "down" else self._milliseconds(application, slow=status == "warning"),
            "uptime": round(self._random.uniform(99.2, 100.0), 2),
            "sla": {"healthy": "met", "warning": "warning", "down": "breach"}[status],
        }
        await self._tell(CHANNEL, "applicationStatusUpdate", told, key=f"application/{application.id}")
        return told

    async def tell_health(self, application: Application) -> None:
        """It was looked at, and is well."""
        time = self._milliseconds(application)
        told = {"applicationId": application.id, "responseTime": time, "status": "healthy"}
        await self._tell(CHANNEL, "healthMetricUpdate", told, key=f"health/{application.id}")

    def _milliseconds(self, application: Application, *, slow: bool = False) -> int:
        return round(application.milliseconds * self._random.uniform(0.8, 1.4) * (8 if slow else 1))

    async def _tell_progress(self, run: str, completed: int, current: str | None, *, status: str = "running") -> None:
        told = {
            "testRunId": run,
            "completed": completed,
            "total": len(APPLICATIONS),
            "currentApplication": current,
            "status": status,
        }
        await self._tell(run, "progressUpdate", told, key="progress")

    async def _tell_both(self, channel: str, type: str, told: Fields) -> None:
        for each in dict.fromkeys((channel, CHANNEL)):
            await self._tell(each, type, told)

    async def _tell(self, channel: str, type: str, told: Fields, *, key: str | None = None) -> None:
        await self._stage.live.publish(channel, type, told, key=key)
