"""Use case of comparing what one operator answers with two configs: columns, types and rows.

The same answer is the same one whatever gave it: rows are brought to one form first, which keeps what values mean and
drops how a client writes them.
"""

__all__ = ["comparison", "operators_compared", "sides"]
