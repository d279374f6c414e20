"""What ``mason validate`` says of a whole project."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from mason.project.validating import Validated
from mason.render import JSON_FORMAT
from mason.render.plans import broken_text


def validated_text(found: Validated) -> str:
    """Warnings first, then what was looked at."""
    warnings = [f"Warning: {warning}" for warning in (*found.warnings, *broken_text(found.broken))]
    resources = "1 resource" if found.resources == 1 else f"{found.resources} resources"
    files = "1 file" if found.files == 1 else f"{found.files} files"
    return "\n".join([*warnings, f"Valid: {resources} in {files}."])


def validated_json(found: Validated) -> dict[str, Any]:
    """The document that ``mason validate --json`` prints."""
    return {
        "format_version": JSON_FORMAT,
        "files": found.files,
        "resources": found.resources,
        "warnings": list(found.warnings),
        "broken": [asdict(each) for each in found.broken],
    }
