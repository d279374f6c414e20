"""What a run would do: operators and workflows, with parameters and a config, as finished sentences. Pure.

Nothing here calls an engine, reads a file or knows of plans: whoever asks hands in what was applied and the catalog of
clients.
"""

__all__ = [
    "arguments",
    "asked_jobs",
    "calls",
    "changed_columns",
    "check",
    "checks_of_steps",
    "compatibility",
    "composing",
    "configuration",
    "dryrun",
    "expansion",
    "handed_results",
    "kept",
    "planned",
    "prepare",
    "reach",
    "references",
    "run_results",
    "sentences",
    "sql_texts",
]
