"""The simulator of the monitoring seed: three buttons that make something up, for whoever tries a page on. Nothing was
looked at for what is told here, and the applications of which it tells do not exist.

    POST /api/tasks {"job": "simulate-test-run"}            a test run, on the channel of its task, its `testRunId`
    POST /api/tasks {"job": "simulate-status-update"}       an application changes; also a `notification`
    POST /api/tasks {"job": "simulate-activity"}            one test

The events have the names and fields of the monitor's, but are told on the channel `simulated`: what is real stands on
`applications`, whose cards must show nothing else. Only a notification comes there, and says that it is simulated. Only
the demo has these jobs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from headway.demo.stage import Stage
from headway.tasks.task import Cancelled
from headway.tasks.work import Work

__all__ = ["APPLICATIONS", "CHANNEL", "SIMULATOR", "prepare"]

CHANNEL: Final = "simulated"
SIMULATOR: Final = ("simulate-test-run", "simulate-status-update", "simulate-activity")
"""The jobs behind the buttons "Simulate test run", "Status update" and "Add activity"."""

_REAL: Final = "applications"
"""The monitor's channel."""
_PASSES: Final = 0.8
_MILLISECONDS: Final = (1_000, 4_000)
"""A test takes as long as the seeds' own simulator has it."""
_ERRORS: Final = {
    "health_check": ("HTTP_503", "the server answered 503: service unavailable"),
    "login_test": ("LOGIN_FORM_NOT_FOUND", "there is no field for the password on the page"),
}
"""Code and sentence, by type of test."""
_CHANGES: Final = {
    "healthy": ("success", "met", "answers as usual"),
    "warning": ("warning", "warning", "answers slowly"),
    "error": ("error", "breach", "does not answer"),
}
"""Level, SLA and words, by status."""

Fields = dict[str, Any]  # Any: JSON values


@dataclass(frozen=True, slots=True)
class Application:
    """One that is made up."""

    id: str
    name: str
    environment: str
    milliseconds: int
    """Its usual response time."""


APPLICATIONS: Final = (
    Application("simulated-payment-api", "Payment API", "production", 120),
    Application("simulated-customer-portal", "Customer portal", "production", 340),
    Application("simulated-order-service", "Order service", "production", 90),
    Application("simulated-sign-in", "Sign-in", "production", 60),
    Application("simulated-warehouse", "Warehouse", "staging", 210),
    Application("simulated-reports", "Reports", "staging", 780),
)


def prepare(stage: Stage) -> None:
    """Add the jobs behind the buttons."""
    simulator = _Simulator(stage)
    jobs = stage.live.jobs

    @jobs.job(SIMULATOR[0], title="Simulated test run", concurrency=2)
    async def simulate_test_run(work: Work) -> Fields:
        return await simulator.test_run(work)

    @jobs.job(SIMULATOR[1], title="Simulated status update")
    async def simulate_status_update(work: Work) -> Fields:
        return await simulator.status_update()

    @jobs.job(SIMULATOR[2], title="Simulated test of one application")
    async def simulate_activity(work: Work) -> Fields:
        return await simulator.test(stage.random.choice(APPLICATIONS), CHANNEL, work)


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
        """Test one application, and tell of it there and where all that is simulated is told."""
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
        """One application changes, and people are told."""
        application = self._random.choice(APPLICATIONS)
        status = self._random.choice(tuple(_CHANGES))
        level, sla, words = _CHANGES[status]
        told = {
            "id": application.id,
            "name": application.name,
            "environment": application.environment,
            "status": status,
            "responseTime": None if status == "error" else self._milliseconds(application, slow=status == "warning"),
            "uptime": round(self._random.uniform(99.2, 100.0), 2),
            "sla": sla,
        }
        await self._tell(CHANNEL, "applicationStatusUpdate", told, key=f"application/{application.id}")
        await self._tell(_REAL, "notification", {"level": level, "message": f"Simulated: {application.name} {words}"})
        return told

    def _milliseconds(self, application: Application, *, slow: bool) -> int:
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
