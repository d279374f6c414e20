"""The scheduler as operators of 1.x ask it."""

from __future__ import annotations

from typing import Any

import mason
from mason.compat1.no_answer import NO_ANSWER
from mason.compat1.response import Response
from mason.errors import EngineError


class SchedulerClient:
    """Verbs of 1.x, and of 1.0x: they answer with the response."""

    client: Any = None

    def __init__(self, ctx: mason.Context) -> None:
        self._ctx = ctx

    def delete_schedule(self, schedule_name: str, response: Response) -> Response:
        """Delete a schedule."""
        try:
            self._ctx.scheduler.delete_schedule(schedule_name)
            response.add_info(f"Schedule {schedule_name} successfully deleted.")
        except NO_ANSWER:
            raise
        except EngineError as error:
            response.add_error(str(error))
            response.set_status(400)
        return response

    def trigger_schedule(self, schedule_name: str, response: Response, env: Any = None) -> Response:
        """Run a schedule now."""
        job = self._ctx.scheduler.trigger_schedule(schedule_name)
        response.add_info(f"Schedule {schedule_name} was triggered.")
        response.add_data({"Logs": list(job.logs)}, job)
        return response

    def trigger_schedule_for_table(self, table_name: str, database_name: str, response: Response) -> Response:
        """Run the schedule whose runs registered a table."""
        schedule = self._ctx.metastore.get_table(database_name, table_name).schedule
        if not schedule:
            response.add_error(f"No schedule registered table {table_name}.")
            response.set_status(404)
            return response
        return self.trigger_schedule(schedule, response)

    def register_schedule(self, database_name: str, path: str, schedule_name: str, response: Response) -> Response:
        """Refused: a schedule is a resource today, seen in the plan."""
        raise mason.OperatorError(
            f"register_schedule of Mason 1.0x is not kept. Write a schedule: type: schedule, name: {schedule_name}, "
            "workflow: table:infer, with the times at which it runs, and apply it."
        )

    def register_dag(self, schedule_name: str, *rest: Any) -> Any:
        """Refused, as :meth:`register_schedule`."""
        raise mason.OperatorError(
            f"register_dag of Mason 1.x is not kept. Write a schedule: type: schedule, name: {schedule_name}, with the "
            "workflow and the times at which it runs, and apply it."
        )
