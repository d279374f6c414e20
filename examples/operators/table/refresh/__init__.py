import mason


class TableRefresh(mason.Operator):
    """A run of the schedule that owns a table; in Python, to say what to do where none does."""

    def run(self, ctx: mason.Context) -> mason.Job:
        database, name = ctx.params["database_name"], ctx.params["table_name"]
        schedule = ctx.metastore.get_table(database, name, schema=False).schedule
        if not schedule:
            raise mason.OperatorError(
                f"No schedule owns table {name} in database {database}: it was registered by hand, so nothing tells "
                "how to refresh it. Register it with table infer in a workflow that a schedule runs."
            )
        return ctx.scheduler.trigger_schedule(schedule)
