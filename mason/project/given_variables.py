"""The variables of an opened project with their values: ``mason.yaml``, the environment and the command line read."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason import bounds, settings
from mason.errors import Diagnostic, ParameterError, SettingsError
from mason.project.opened import Project

if TYPE_CHECKING:
    from mason.resources.faults import Finding
    from mason.resources.parameters import Given
    from mason.resources.variables import Assigned, Variables
    from mason.resources.workflow_file import WorkflowGiven


def variables_of(project: Project) -> Variables | None:
    """The variables of ``project`` with their values in its workspace; ``None`` where there are none.

    Of a variable's values the later one of these wins, as with Terraform: its default (that of the workspace, if it has
    one), ``MASON_VAR_NAME`` in the environment or a ``.env`` file, and ``--var`` and ``--var-file`` in their order.
    Raises ``SettingsError`` with everything that is wrong with declarations and values.
    """
    if not project.has_variables:
        return None
    # Imported here: most projects have no variables.
    from mason.resources.variables import assigned, declared_in

    file = project.settings.root / settings.PROJECT_FILE
    shown = _shown(file)
    try:
        data = bounds.read_file(file, bounds.SETTINGS) if project.settings.has_variables else b""
    except OSError as error:
        raise SettingsError(f"{shown}: cannot be read ({error.strerror}).") from error
    declared, faults = declared_in(data, shown)
    known: Mapping[str, str] = os.environ
    with suppress(SettingsError):
        # What is wrong with a .env file is told where a config refers to it.
        known = settings.environment(project.settings)
    given = list(_given(project.variables, faults))
    variables, wrong = assigned(declared, project.workspace, known, given, shown=shown)
    if faults or wrong:
        raise SettingsError(diagnostics=[*faults, *wrong])
    return variables


def _shown(file: Path) -> str:
    try:
        return os.path.relpath(file)
    except ValueError:
        # On another drive.
        return str(file)


def _given(given: Sequence[tuple[str, str]], faults: list[Diagnostic]) -> Iterator[Assigned]:
    """The values of ``--var`` and ``--var-file``; what cannot be read goes to ``faults``."""
    from mason.resources.variables import Assigned

    for option, text in given:
        if option == "--var-file":
            yield from _of_file(text, faults)
        elif found := re.fullmatch(r"\s*([^=\s]+?)\s*=(.*)", text, re.DOTALL):
            yield Assigned(found[1], found[2], option)
        else:
            # Not quoted: who forgets the name may have written a secret.
            lacks = "no name before the =" if "=" in text else "no ="
            faults.append(Diagnostic("", 0, f"{option} is NAME=VALUE, and what was given has {lacks}"))


def _of_file(name: str, faults: list[Diagnostic]) -> Iterator[Assigned]:
    from mason.resources.parameter_file import read_mapping
    from mason.resources.variables import Assigned

    document, wrong = read_mapping(Path(name), "variable")
    faults += wrong
    if document is not None:
        for key, value in document.value.items():
            yield Assigned(key, value, name, document.line_of((key,)), document.spelled.get(key))


def fill_parameters(project: Project, given: Given) -> Given:
    """The parameters of an operator's run, with the values of variables that they refer to; what cannot be had is among
    the faults."""
    if not _may_refer(given.values):
        return given
    variables = _known(project)
    values: dict[str, Any] = {}
    faults: list[Diagnostic] = []
    for name, value in given.values.items():
        filled, found = variables.filled(value)
        place = given.places.get(name, ("", 0))
        faults += [_fault(each, place, f"Parameter {name}: ") for each in found]
        if not found:
            values[name] = filled
    unread = given.unread | (given.values.keys() - values.keys())
    return replace(given, values=values, faults=(*given.faults, *faults), unread=unread)


def fill_workflow(project: Project, given: WorkflowGiven) -> WorkflowGiven:
    """As :func:`fill_parameters`, for what is given to a workflow. Raises ``ParameterError`` for what cannot be had:
    which of it belongs to which step is not known yet."""
    if not _may_refer(given.steps) and not _may_refer(given.pairs.values):
        return given
    steps, found = _known(project).filled(given.steps)
    faults = [_fault(each, given.place(each.path), "") for each in found]
    pairs = fill_parameters(project, replace(given.pairs, faults=()))
    if faults or pairs.faults:
        raise ParameterError([*given.faults, *faults, *pairs.faults])
    return replace(given, steps=steps, pairs=replace(pairs, faults=given.pairs.faults))


def _known(project: Project) -> Variables:
    from mason.resources.variables import Variables

    return variables_of(project) or Variables()


def _fault(finding: Finding, place: tuple[str, int], title: str) -> Diagnostic:
    return Diagnostic(*place, f"{title}{finding.message}", finding.remedy)


def _may_refer(value: Any) -> bool:
    from mason.dryrun.references import is_referring

    return is_referring(value)
