import mason


class TableFake(mason.Operator):
    """Made-up rows; in Python, because which engine is asked first depends on what was given."""

    def run(self, ctx: mason.Context) -> mason.Job:
        schema, database, table = (ctx.params[name] for name in ("schema", "database_name", "table_name"))
        if bool(schema) == bool(database and table):
            raise mason.OperatorError("Give either schema, or database_name and table_name of a table to imitate.")
        return ctx.execution.fake(
            schema or ctx.metastore.get_table(database, table),
            size=ctx.params["size"],
            output=ctx.params["output_path"],
            seed=ctx.params["seed"],
            format=ctx.params["format"],
            overwrite=bool(ctx.params["overwrite"]),
        )
