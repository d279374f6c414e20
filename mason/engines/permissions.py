"""What a service has to allow for a verb, in the words of its own access rules: so that a policy can be written before.

A client says for a call what it needs (``Client.permissions``); what is not known of the call (a parameter that nobody
gave yet) is ``None``, and stands for everything that it may be.
"""

from __future__ import annotations

from mason.values import dataclass


@dataclass(frozen=True, slots=True)
class Permission:
    """That ``actions`` (``glue:GetTable``) are allowed on each of ``resources`` (ARNs, perhaps with ``*``)."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
