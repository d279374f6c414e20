"""References in what people write: ``{{name}}``."""

from __future__ import annotations

import re

TEMPLATE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
"""A reference in an argument of a sentence: ``{{name}}``, spaces around the name allowed."""
