"""The parameters of a workflow: what a file may say, and every fault in it at once, with its line."""

from __future__ import annotations

from mason.resources.parameters import Given, parse_pairs
from mason.resources.workflow_file import entries, given_for_workflow, parameters_of, read_workflow_file, top


def write(folder, text):
    file = folder / "p.yaml"
    file.write_text(text)
    return file


def faults(given, *steps):
    found = [*given.faults, *entries(given, top(given), steps)[1]]
    return [str(fault).replace(given.file or "p.yaml", "p.yaml") for fault in sorted(found)]


def test_a_file_says_what_each_step_is_given_and_when_all_runs(tmp_path):
    text = """\
schedule: "0 12 * * ? *"
schedule_name: nightly
strict: false
step_1:
  config_id: 3
  parameters:
    path: data/flights
    overwrite: true
step_2:
step_3: {parameters: {inner_1: {parameters: {x: 1}}}}
"""
    given = read_workflow_file(write(tmp_path, text), parse_pairs(["step_1.path:other,step_3.inner_1.y:2"]))
    assert (given.schedule, given.schedule_name, given.strict, given.faults) == ("0 12 * * ? *", "nightly", False, ())
    found, wrong = entries(given, top(given), ["step_1", "step_2", "step_3", "step_4"])
    assert wrong == []
    assert list(found) == ["step_1", "step_2", "step_3"]
    assert found["step_1"].config_id == "3"
    first = parameters_of(given, found["step_1"])
    assert first.values == {"path": "other", "overwrite": True}
    assert {name: line for name, (_, line) in first.places.items()} == {"overwrite": 8}
    inner, wrong = entries(given, found["step_3"], ["inner_1"], scope="step_3.")
    assert wrong == []
    assert parameters_of(given, inner["inner_1"]).values == {"x": 1, "y": "2"}


def test_numbers_that_would_be_kept_in_another_spelling_are_refused(tmp_path):
    given = read_workflow_file(write(tmp_path, "step_1: {table_name: 0123}\n"), parse_pairs([]))
    assert [str(fault) for fault in given.faults] == [
        f"{tmp_path / 'p.yaml'}:1: a number is not written as it would be kept (123 for 0123, 1000.0 for 1e3) (put it "
        "in quotes if it is text, else write it plainly)"
    ]


def test_all_faults_come_at_once_with_their_lines(tmp_path):
    text = """\
schedule: 12
schedule_name: every night
strict: perhaps
laod: {parameters: {}}
load:
  parmeters: {x: 1}
  database_name: data
  config_id: true
clean: 5
check:
  parameters: [a]
"""
    pairs = parse_pairs(["checl.x:1", "x:2", 'check.y:"open'])
    assert faults(read_workflow_file(write(tmp_path, text), pairs), "load", "clean", "check") == [
        "Malformed parameter: check.y (its value starts with a quote; quote the whole value)",
        "Unknown step: checl (did you mean 'check'?)",
        "x names no step (the steps are load, clean, check)",
        'p.yaml:1: schedule must be text, but it is the number 12 (write a cron expression, such as "0 12 * * ? *")',
        "p.yaml:2: schedule_name must be a name, but it is the text 'every night'"
        " (use letters, digits, _ and -, not beginning with -)",
        "p.yaml:3: strict must be true or false, but it is the text 'perhaps'",
        "p.yaml:4: Unknown step: laod (did you mean 'load'?)",
        "p.yaml:6: Step load: unknown key 'parmeters' (did you mean 'parameters'?)",
        "p.yaml:7: Step load: unknown key 'database_name' (put it below parameters:)",
        "p.yaml:8: Step load: config_id must be the id of a config, but it is true",
        "p.yaml:9: Step clean must be a mapping, but it is the number 5 (write parameters: below it)",
        "p.yaml:11: Step check: parameters must be a mapping, but it is a list (write name: value lines below it)",
    ]


def test_a_step_may_be_called_like_a_setting():
    given = given_for_workflow({"schedule": {"parameters": {"x": 1}}, "strict": None})
    assert (given.schedule, given.strict) == ("", True)
    assert entries(given, top(given), ["schedule"])[0]["schedule"].parameters == {"x": 1}


def test_a_pair_for_the_only_step_is_shown_how_it_is_written():
    given = given_for_workflow({}, parse_pairs(["database_name:data"]))
    assert faults(given, "step_1") == ["database_name names no step (write step_1.database_name:value)"]


def test_a_file_that_cannot_be_read_calls_no_parameter_missing(tmp_path):
    given = read_workflow_file(tmp_path / "p.yaml", Given())
    assert faults(given, "a") == ["p.yaml: the parameter file cannot be read: no such file or directory"]
    assert not given.complete


def test_pairs_alone(tmp_path):
    given = read_workflow_file(None, parse_pairs(["a.x.y:1"]))
    found, wrong = entries(given, top(given), ["a"])
    assert (parameters_of(given, found["a"]).values, wrong) == ({"x.y": "1"}, [])
