"""Objects of a store (a bucket and a key) as files: for code that reads files, whatever they are kept by.

In the order in which data flows: ``object_store`` says what a store must answer, ``object_path`` is a path whose file
is an object, ``ranges`` reads a part of one as it is asked for, ``published`` makes objects of written files. Nothing
here knows a store, nor DuckDB.
"""

__all__ = ["object_path", "object_store", "published"]
