"""What people get wrong in a definition, and the exact sentence that they get back."""

from __future__ import annotations

import pytest

from tests.resources.conftest import Project

OP = "type: operator\nnamespace: table\ncommand: get\n"
DO = "do:\n  - metastore.get_table: {}\n"
WF = "type: workflow\nnamespace: a\ncommand: b\ndag:\n"
NAME = "use letters, digits, _ and -, not beginning with -"
ONE = "write one engine.verb a sentence, and 'as' beside it if a later one needs its result"

CASES = {
    "unknown key": (
        OP + DO + "descripton: x\nfoo: 1\n",
        [
            "a.yaml:6: unknown key 'descripton' (did you mean 'description'?)",
            "a.yaml:7: unknown key 'foo' "
            "(known keys: description, parameters, supported_configurations, dialect, sql, read_only, protect)",
        ],
    ),
    "misspelt key that is required": (
        "type: operator\nnamspace: table\ncommand: get\n" + DO,
        ["a.yaml:2: unknown key 'namspace' (did you mean 'namespace'?)"],
    ),
    "numbers that would be kept in another spelling": (
        OP + "do:\n  - metastore.get_table: {database: data, table: 0123}\n  - job.x: {a: 1.50, b: 12, c: '007'}\n",
        [
            f"a.yaml:{line}: a number is not written as it would be kept (123 for 0123, 1000.0 for 1e3) (put it in "
            "quotes if it is text, else write it plainly)"
            for line in (5, 6)
        ],
    ),
    "missing key": ("type: operator\nnamespace: table\n" + DO, ["a.yaml:1: missing key 'command'"]),
    "wrong types": (
        OP + DO + "description: 1\nparameters: [a]\nsupported_configurations: x\n",
        [
            "a.yaml:6: description must be text, but it is the number 1 (put it in quotes)",
            "a.yaml:7: parameters must be a mapping, but it is a list",
            "a.yaml:8: supported_configurations must be a list, but it is the text 'x' (write [x])",
        ],
    ),
    "names with slashes and spaces": (
        "type: operator\nnamespace: ../x\ncommand: 'a b'\n" + DO,
        [
            f"a.yaml:2: namespace must be a name, but it is the text '../x' ({NAME})",
            f"a.yaml:3: command must be a name, but it is the text 'a b' ({NAME})",
        ],
    ),
    "names with dots and control characters": (
        'type: operator\nnamespace: ..\ncommand: "a\\x1b\\n"\n' + DO,
        [
            f"a.yaml:2: namespace must be a name, but it is the text '..' ({NAME})",
            f"a.yaml:3: command must be a name, but it is the text 'a\\u001b\\n' ({NAME})",
        ],
    ),
    "a name that is a number or nothing": (
        "type: operator\nnamespace:\ncommand: 1\n" + DO,
        [
            "a.yaml:2: namespace must be text, but it is empty",
            "a.yaml:3: command must be text, but it is the number 1 (put it in quotes)",
        ],
    ),
    "a long name": (
        f"type: operator\nnamespace: {'a' * 101}\ncommand: g\n" + DO,
        ["a.yaml:2: namespace is longer than 100 characters (shorten it)"],
    ),
    "misspelt type": ("type: operatr\n", ["a.yaml:1: unknown type 'operatr' (did you mean 'operator'?)"]),
    "unknown type": (
        "type: zebra\nnamespace: a\ncommand: b\n",
        ["a.yaml:1: unknown type 'zebra' (known types: config, operator, workflow, run, schedule)"],
    ),
    "type that is no text": (
        "command: b\ntype: [1]\nnamespace: a\n",
        ["a.yaml:2: type must be config, operator, workflow, run or schedule, but it is a list"],
    ),
    "run": (
        "type: run\nname: a b\nworkflow: table\noperator: table:get\nconfig_id: []\ninputs: ['']\ncompare: md5\n"
        "depends_on: [x, x]\nparameters: {a: '{{runs.}}'}\n",
        [
            "a.yaml:2: name must be a name, but it is the text 'a b'"
            " (use letters, digits, _ and -, not beginning with -)",
            "a.yaml:3: workflow must be namespace:command, but it is the text 'table' (such as table:export)",
            "a.yaml:4: a run has a workflow or an operator, not both (remove one of them)",
            "a.yaml:5: config_id must be text or a whole number, but it is a list",
            "a.yaml:6: inputs[0] is empty (write something there)",
            "a.yaml:7: compare must be stat or content, but it is the text 'md5'",
            "a.yaml:8: depends_on names the text 'x' twice (remove one of them)",
            "a.yaml:9: {{runs.}} is no reference (write {{runs.NAME.KEY}}, such as {{runs.infer.job_id}})",
        ],
    ),
    "run of nothing": (
        "type: run\nname: x\nconfig_id: 1\ndepends_on: [y, x]\nparameters: {a: '{{ runs.x.job_id }}'}\n",
        [
            "a.yaml:1: missing key 'workflow' or 'operator' (say what is run, such as workflow: table:export)",
            "a.yaml:4: run x depends on itself (remove it)",
            "a.yaml:5: {{runs.x.job_id}}: a run cannot refer to itself (name another run)",
        ],
    ),
    "schedule": (
        "type: schedule\nname: x\nschedule: 5\nconfig_id: 1\ncatch_up: some\noverlap: wait\nenabled: 'yes'\n",
        [
            "a.yaml:1: missing key 'workflow'",
            "a.yaml:3: schedule must be text, but it is the number 5 (put it in quotes)",
            "a.yaml:5: catch_up must be none, latest or all, but it is the text 'some'",
            "a.yaml:6: overlap must be skip or queue, but it is the text 'wait'",
            "a.yaml:7: enabled must be true or false, but it is the text 'yes' (write true or false)",
        ],
    ),
    "run with times": (
        "type: run\nname: x\nworkflow: a:b\nconfig_id: 1\nparameters:\n  schedule: 0 12 * * *\n  schedule_name: y\n",
        [
            "a.yaml:6: parameters.schedule would be passed over"
            " (a run is done once, when it is applied: write a resource of type: schedule for its times)",
            "a.yaml:7: parameters.schedule_name would be passed over"
            " (a run is done once, when it is applied: write a resource of type: schedule for its times)",
        ],
    ),
    "schedule with times among its parameters": (
        "type: schedule\nname: x\nworkflow: a:b\nschedule: 0 12 * * *\nconfig_id: 1\n"
        "parameters: {schedule: 0 6 * * *, schedule_name: {parameters: {of: a step}}}\n",
        ["a.yaml:6: parameters.schedule would be passed over (say it beside parameters: this is the schedule)"],
    ),
    "schedule that never comes": (
        "type: schedule\nname: x\nworkflow: a:b\nschedule: 0 0 30 2 *\nconfig_id: 1\ntime_zone: Europe/Berln\n",
        [
            "a.yaml:4: schedule: it is never due: no year has such a day (choose a day that the months have)",
            "a.yaml:6: time_zone: there is no time zone 'Europe/Berln' (did you mean Europe/Berlin?)",
        ],
    ),
    "config said twice": (
        "type: config\nid: 1\nmetastore_engine: local\nmetastore_clients: [local]\n",
        ["a.yaml:3: metastore_clients and metastore_engine say the same thing twice (keep metastore_clients)"],
    ),
    "config": (
        "type: config\nid: 1.5\nmetastore_clients: local\nclients:\n  'a b': {}\n  glue: {config: {}}\n"
        "  s3: {configuration: 1}\nstorage_clients: [a, a]\n",
        [
            "a.yaml:2: id must be text or a whole number, but it is the number 1.5 (put it in quotes)",
            "a.yaml:3: metastore_clients must be a list, but it is the text 'local' (write [local])",
            f"a.yaml:5: 'a b' in clients is no name ({NAME})",
            "a.yaml:6: unknown key 'config' in clients.glue (did you mean 'configuration'?)",
            "a.yaml:7: clients.s3.configuration must be a mapping, but it is the number 1",
            "a.yaml:8: storage_clients names the text 'a' twice (remove one of them)",
        ],
    ),
    "parameters": (
        OP
        + "parameters:\n  required: [a, {name: a, default: 1}, {nmae: b}]\n  optional:\n"
        + "    - {name: b, type: integer, default: x}\n    - {name: c, type: boolean, default: yes}\n"
        + "    - {name: d, type: str}\n    - a b\n    - {name: e, type: string, default: 1}\n"
        + "    - {name: f, type: number, default: true}\n"
        + DO,
        [
            "a.yaml:5: parameter 'a' is given twice: parameters.required[0] and parameters.required[1]"
            " (remove one of them)",
            "a.yaml:5: unknown key 'default' in parameters.required[1]"
            " (only optional parameters have a default: list it under parameters.optional)",
            "a.yaml:5: unknown key 'nmae' in parameters.required[2] (did you mean 'name'?)",
            "a.yaml:7: parameters.optional[0].default must be a whole number, but it is the text 'x'",
            "a.yaml:8: parameters.optional[1].default must be true or false, but it is the text 'yes'"
            " (write true or false)",
            "a.yaml:9: parameters.optional[2].type must be string, integer, number, boolean, array, object or any,"
            " but it is the text 'str' (did you mean 'string'?)",
            f"a.yaml:10: parameters.optional[3] must be a name, but it is the text 'a b' ({NAME})",
            "a.yaml:11: parameters.optional[4].default must be text, but it is the number 1 (put it in quotes)",
            "a.yaml:12: parameters.optional[5].default must be a number, but it is true",
        ],
    ),
    "sentences": (
        OP
        + "do:\n  - get_table: {}\n  - metastore.get_table: x\n  - {metastore.a: , storage.b: }\n  - {as: x}\n"
        + "  - {}\n  - foo\n",
        [
            "a.yaml:5: 'get_table' in do[0] is no verb (write engine.verb, such as metastore.get_table)",
            "a.yaml:6: do[1].metastore.get_table must be a mapping, but it is the text 'x'",
            f"a.yaml:7: do[2] says more than one thing ({ONE})",
            f"a.yaml:8: do[3] says nothing ({ONE})",
            "a.yaml:9: do[4] is empty (add at least one entry)",
            "a.yaml:10: do[5] must be a mapping, but it is the text 'foo'",
        ],
    ),
    "references": (
        OP
        + "parameters: {required: [database_name]}\ndo:\n  - metastore.get_table:\n"
        + "      database: '{{databse_name}}'\n      table: ['x {{later}}']\n    as: database_name\n"
        + "  - execution.query: {sql: '{{ database_name }} {{x'}\n    as: later\n"
        + "  - storage.read: {x: '{{ later.a }}'}\n    as: later\n",
        [
            "a.yaml:7: {{databse_name}} is neither a parameter nor the result of an earlier sentence"
            " (did you mean 'database_name'?)",
            "a.yaml:8: {{later}} is neither a parameter nor the result of an earlier sentence"
            " (known names: database_name)",
            "a.yaml:9: do[0].as: 'database_name' is already the name of a parameter (choose another name)",
            "a.yaml:10: '{{ database_name }} {{x' opens {{ and never closes it (write {{name}})",
            "a.yaml:13: do[2].as: 'later' is already the name of an earlier result (choose another name)",
        ],
    ),
    "conditions": (
        OP
        + "parameters: {optional: [output_path]}\n"
        + "do:\n  - metastore.get_table: {}\n    as: table\n    when: output_pth\n"
        + "  - execution.query: {x: '{{table}}'}\n  - execution.query: {x: '{{table}}'}\n    when: output_pth\n",
        [
            "a.yaml:8: do[0].when: 'output_pth' is no parameter (did you mean 'output_path'?)",
            "a.yaml:9: {{table}} is neither a parameter nor the result of an earlier sentence"
            " (known names: output_path)",
            "a.yaml:11: do[2].when: 'output_pth' is no parameter (did you mean 'output_path'?)",
        ],
    ),
    "steps": (
        WF
        + "  - {id: s, type: config, namespace: a, command: x, retry: linear(5), retry_max: -1, timeout: 0,"
        + " trigger_rule: one_fail, dependencies: x}\n  - {id: s2}\n",
        [
            "a.yaml:5: dag[0].dependencies must be a list, but it is the text 'x' (write [x])",
            "a.yaml:5: dag[0].retry cannot be the text 'linear(5)'"
            " (write constant(SECONDS) or exponential(SECONDS), such as constant(5))",
            "a.yaml:5: dag[0].retry_max must be at least 0, but it is the number -1",
            "a.yaml:5: dag[0].timeout must be at least 1, but it is the number 0",
            "a.yaml:5: dag[0].trigger_rule must be all_success, one_failed, all_done or none_failed,"
            " but it is the text 'one_fail' (did you mean 'one_failed'?)",
            "a.yaml:5: dag[0].type must be operator or workflow, but it is the text 'config'",
            "a.yaml:6: missing key 'command' in dag[1]",
            "a.yaml:6: missing key 'namespace' in dag[1]",
        ],
    ),
    "retries": (
        WF
        + "  - {id: s, namespace: a, command: x, retry: 5}\n"
        + "  - {id: s2, namespace: a, command: x, retry: true}\n",
        [
            "a.yaml:5: dag[0].retry cannot be the number 5"
            " (write constant(SECONDS) or exponential(SECONDS), such as constant(5))",
            "a.yaml:6: dag[1].retry cannot be true"
            " (write constant(SECONDS) or exponential(SECONDS), such as constant(5))",
        ],
    ),
    "retries of nothing": (
        WF
        + "  - {id: s, namespace: a, command: x, retry_max: 0}\n"
        + "  - id: s2\n    namespace: a\n    command: x\n    retry_max: 3\n"
        + "  - {id: s3, namespace: a, command: x, retry: constant(1), retry_max: 3}\n",
        [
            "a.yaml:9: Step s2 has a retry_max and no retry, so it would not be tried again"
            " (write retry: constant(5), or remove it)",
        ],
    ),
    "no steps": (
        "type: workflow\nnamespace: a\ncommand: b\ndag: []\n",
        ["a.yaml:4: dag is empty (add at least one entry)"],
    ),
    "order of steps": (
        WF
        + "  - {id: step_1, namespace: a, command: x, dependencies: [step_9]}\n"
        + "  - {id: step_2, namespace: a, command: x, dependencies: [step_3]}\n"
        + "  - {id: step_3, namespace: a, command: x, dependencies: [step_2]}\n"
        + "  - {id: step_4, namespace: a, command: x, dependencies: [step_4]}\n"
        + "  - {id: step_1, namespace: a, command: x}\n"
        + "  - {id: load, namespace: a, command: x, dependencies: [clean]}\n"
        + "  - {id: clean, namespace: a, command: x, dependencies: [laod, load]}\n",
        [
            "a.yaml:5: Undefined dependent steps: {'step_9'}"
            " (the steps are step_1, step_2, step_3, step_4, load, clean)",
            "a.yaml:6: Cycle detected. Repeated steps: step_2, step_3 (remove one of the dependencies)",
            "a.yaml:8: Cycle detected. Repeated steps: step_4 (remove it from its dependencies)",
            "a.yaml:9: Step step_1 is defined twice: dag[0] and dag[4] (give one of them another id)",
            "a.yaml:10: Cycle detected. Repeated steps: load, clean (remove one of the dependencies)",
            "a.yaml:11: Undefined dependent steps: {'laod'} (did you mean 'load'?)",
        ],
    ),
    "steps behind a circle": (
        WF
        + "  - {id: step_1, namespace: a, command: x}\n"
        + "  - {id: step_2, namespace: a, command: x, dependencies: [step_2, step_1]}\n"
        + "  - {id: step_5, namespace: a, command: x, dependencies: [step_4, step_1]}\n"
        + "  - {id: step_4, namespace: a, command: x, dependencies: [step_2]}\n",
        [
            "a.yaml:6: Cycle detected. Repeated steps: step_2 (remove it from its dependencies)",
            "a.yaml:7: Unreachable steps: ['step_5', 'step_4'] (they wait for steps that wait for themselves)",
        ],
    ),
    "two ways of being wrong in one document": (
        OP + "do:\n  - metastore.get_table: {table: '{{x}}'}\n    like: y\nnamespace: b\n",
        [
            "a.yaml:5: {{x}} is neither a parameter nor the result of an earlier sentence",
            "a.yaml:6: 'like' in do[0] is no verb (write engine.verb, such as metastore.get_table)",
            "a.yaml:7: the key 'namespace' is given twice, first at line 2 (keep one of them)",
        ],
    ),
    "tag": (
        OP + DO + "description: !!python/object:os.system x\n",
        ["a.yaml:6: the tag !!python/object:os.system is not allowed (write the plain value without it)"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_fault_is_one_exact_sentence(name: str, project: Project) -> None:
    text, expected = CASES[name]
    assert expected == project.faults_of(text)


def test_all_faults_of_all_files_and_documents_come_at_once(project: Project) -> None:
    project.write("b.yaml", "type: operatr\n---\nx: [\n")
    project.write("a.yaml", OP + "---\n" + OP + DO + "foo: 1\n")
    expected = [
        "a.yaml:1: Operator table:get has neither 'do' nor a Python class"
        " (add 'do', or write class TableGet(mason.Operator) in __init__.py beside it)",
        "a.yaml:10: unknown key 'foo' "
        "(known keys: description, parameters, supported_configurations, dialect, sql, read_only, protect)",
        "b.yaml:1: unknown type 'operatr' (did you mean 'operator'?)",
        "b.yaml:4: a value is missing here (complete it, or close the bracket that was opened)",
    ]
    assert expected == project.faults()
