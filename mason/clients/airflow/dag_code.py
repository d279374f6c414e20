"""The Python of a deployed DAG file, whole: what it needs is Airflow and the standard library, and no Mason.

It is a text and not a module, because it runs in another environment. :mod:`mason.clients.airflow.dag_file` puts the
schedule and the place in front of it. The steps are an operator of its own and not Airflow's BashOperator: arguments go
to the command as a list and results over stdin, so no shell reads them, and Airflow renders no template in them.
"""

from __future__ import annotations

CODE = '''
DAG_ID = SCHEDULE["name"]
STEPS = {step["id"]: step for step in SCHEDULE["dag"]["steps"]}
REFERRED = {step for each in STEPS.values() for step in each.get("results_of", ())}
END = "end"
while END in STEPS or END in SCHEDULE["dag"].get("groups", {}):
    END += "_"
# How Airflow calls the ends of tasks, and Mason those of steps.
ENDS = {"success": "succeeded", "failed": "failed", "upstream_failed": "upstream_failed", "skipped": "skipped"}
# Seconds that a command has to end when it is told to.
TO_END = 20
# Another attempt would end as this one did: the parameters or the config are wrong.
LASTING = 3


def told(process):
    """Print what a process says, line by line, so that it stands in the log of the task at once."""
    for line in process.stderr:
        print(line.rstrip("\\n"), flush=True)


def end_with_the_task():
    """In the process of a command: have it told to end where its task is killed, so that no attempt meets another."""
    if sys.platform == "linux":
        # PR_SET_PDEATHSIG
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def within(context):
    """Of which run of Mason this is a part. All tasks of one run of the DAG come to the same."""
    run = context["dag_run"]
    moment = run.run_after.astimezone(timezone.utc)
    mark = hashlib.sha256(f"{run.dag_id}/{run.run_id}".encode()).hexdigest()[:6]
    timed = run.run_type in ("scheduled", "backfill")
    return {
        "run_id": f"{moment:%Y%m%dT%H%M%S}.{moment.microsecond // 1000:03d}-{mark}",
        "schedule": SCHEDULE["name"],
        "due": moment.isoformat(timespec="seconds").replace("+00:00", "Z") if timed else "",
        "workflow": SCHEDULE.get("workflow", ""),
        "config_id": SCHEDULE.get("config_id", ""),
        "scheduler": PLACE["client"],
        "job_id": f"{run.dag_id}/{run.run_id}",
        "started_at": (run.start_date or moment).astimezone(timezone.utc).isoformat(timespec="milliseconds"),
    }


def refuse_untimely(context):
    """Skip what is due while an earlier run went on, or was due too long ago, where the schedule says so."""
    run = context["dag_run"]
    if run.run_type != "scheduled" or SCHEDULE["overlap"] != "skip":
        return
    before = context["ti"].get_previous_dagrun()
    if before is not None and (before.end_date is None or before.end_date > run.run_after):
        raise AirflowSkipException(f"Run {before.run_id} went on when this one was due (overlap: skip).")
    late = ((run.start_date or run.run_after) - run.run_after).total_seconds()
    if SCHEDULE["catch_up"] == "none" and late > PLACE["grace"]:
        raise AirflowSkipException(f"It was due {late:.0f} seconds ago (catch_up: none, grace: {PLACE['grace']}).")


class Delays(RetryPolicy):
    """Waits between attempts as Mason has them: those of exponential(SECONDS) double, up to an hour."""

    def __init__(self, seconds, doubles):
        self.seconds = seconds
        self.doubles = doubles

    def evaluate(self, exception, try_number, max_tries, context=None):
        task = context["task"] if context else None
        first = max_tries - task.retries + 1 if task is not None else 1
        seconds = self.seconds
        if self.doubles:
            seconds = min(seconds * 2 ** min(max(try_number - first, 0), 100), 3600)
        return RetryDecision.retry(timedelta(seconds=seconds * (1 + random.random() / 10)))

    def serialize(self):
        return {"seconds": self.seconds, "doubles": self.doubles}


class MasonTask(BaseOperator):
    """A task that is a command of Mason. Nothing of it is a template of Airflow."""

    template_fields = ()
    process = None

    def command(self, arguments, given):
        """The exit code and the answer of a command that is given JSON."""
        options = ["--state", PLACE["state"], "--workspace", "default"] if PLACE["state"] else []
        with tempfile.TemporaryFile("w+", encoding="utf-8") as stdin:
            json.dump(given, stdin)
            stdin.seek(0)
            self.process = subprocess.Popen(
                [PLACE["mason"], *options, *arguments],
                cwd=PLACE["folder"],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
                preexec_fn=end_with_the_task,
            )
            listening = threading.Thread(target=told, args=(self.process,), daemon=True)
            listening.start()
            try:
                answer = self.process.stdout.read()
                code = self.process.wait()
            finally:
                self.on_kill()
            listening.join(5)
        try:
            return code, json.loads(answer)
        except ValueError:
            print(answer, flush=True)
            return code, {}

    def on_kill(self):
        """End the command with all that it has begun."""
        process = self.process
        if process is None or process.poll() is not None:
            return
        for number, seconds in ((signal.SIGTERM, TO_END), (signal.SIGKILL, None)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
                return


class MasonStep(MasonTask):
    """One step of the workflow."""

    def __init__(self, *, step, **arguments):
        super().__init__(**arguments)
        self.step = step

    def execute(self, context):
        refuse_untimely(context)
        step, task = STEPS[self.step], context["ti"]
        handed = {}
        if step.get("results_of"):
            states = task.get_task_states(dag_id=DAG_ID, run_ids=[context["dag_run"].run_id])
            states = states.get(context["dag_run"].run_id, {})
            for each in step["results_of"]:
                answer = task.xcom_pull(task_ids=each)
                handed[each] = ENDS.get(states.get(each), "skipped") if answer is None else answer
        part = {
            **within(context),
            "step": self.step,
            "attempt": task.try_number,
            "trigger_rule": step.get("trigger_rule", ""),
            "retried": bool(step.get("retry")),
        }
        code, answer = self.command([*step["command"][1:], "--within", json.dumps(part)], handed)
        if code:
            errors = answer.get("Errors") or [f"{PLACE['mason']} ended with exit code {code}; its words stand above."]
            raise (AirflowFailException if code == LASTING else AirflowException)("; ".join(errors))
        return {"Data": answer.get("Data", [])} if self.step in REFERRED else None


class MasonEnd(MasonTask):
    """Writes how the run ended into Mason's history. It fails where a step failed, and so does the run of the DAG:
    Airflow alone would call a run a success whose clean-up succeeded."""

    def execute(self, context):
        refuse_untimely(context)
        run = context["dag_run"]
        states = context["ti"].get_task_states(dag_id=DAG_ID, run_ids=[run.run_id]).get(run.run_id, {})
        ends = {step: ENDS.get(states.get(step), "interrupted") for step in STEPS}
        code, answer = self.command(["runs", "gather", "--json", "--within", json.dumps(within(context))], ends)
        if not answer:
            raise AirflowException(f"How the run ended could not be kept (exit code {code}; the words stand above).")
        if answer["status"] != "succeeded":
            raise AirflowFailException(f"Run {answer['run_id']} of Mason {answer['status']}.")


def arguments_of(step):
    """What Airflow is told of the rules of a step."""
    kind, _, seconds = step.get("retry", "").rstrip(")").partition("(")
    retries = step["retry_max"] if step.get("retry_max") is not None else MOST_RETRIES
    return {
        "trigger_rule": step.get("trigger_rule", "all_success"),
        "retries": retries if kind else 0,
        "retry_policy": Delays(int(seconds), kind == "exponential") if kind else None,
        "execution_timeout": timedelta(seconds=step["timeout"]) if step.get("timeout") else None,
        **({"pool": PLACE["pool"]} if PLACE["pool"] else {}),
    }


with DAG(
    DAG_ID,
    description=PLACE["description"],
    schedule=CronTriggerTimetable(PLACE["cron"], timezone=SCHEDULE["time_zone"]),
    start_date=datetime.fromisoformat(PLACE["since"]),
    catchup=SCHEDULE["catch_up"] == "all",
    max_active_runs=1,
    is_paused_upon_creation=True,
    default_args={"owner": "mason"},
    tags=["mason"],
) as dag:
    groups = {}
    # What lies outside comes first.
    for group in sorted(SCHEDULE["dag"].get("groups", {}), key=lambda name: name.count(".")):
        around, _, name = group.rpartition(".")
        groups[group] = TaskGroup(name, parent_group=groups.get(around))
    tasks = {}
    for name, step in STEPS.items():
        group, _, local = name.rpartition(".")
        placed = {"task_group": groups[group]} if group in groups else {}
        tasks[name] = MasonStep(task_id=local, step=name, **placed, **arguments_of(step))
        tasks[name].set_upstream([tasks[each] for each in step.get("dependencies", ())])
    end = MasonEnd(task_id=END, trigger_rule="all_done", retries=2, retry_delay=timedelta(seconds=10))
    end.set_upstream(list(tasks.values()))
'''
