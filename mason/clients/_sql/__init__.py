"""What clients share that read files with DuckDB: readers, schema checks, safe SQL, summaries, answers.

Nothing here knows a client: functions take a folder, files and limits. DuckDB is imported inside functions, so
that planning never loads it.
"""
