"""What an experiment's file wants done: notifications, commands where they are allowed, a promotion."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from lab.controller.tasks import Facts, Outcome, TagError, Tasks, filled
from lab.judge.decision import Decision, Standing
from lab.spec.experiment import Experiment, Task
from lab.web.experiments import status_of
from tests.controller.conftest import Lab, Seen, climb, hold, text

FACTS = Facts({"name": "iris-v2", "promote": "promote-v2.yaml"}, {"experiment": "ab", "winner": "forest"})

EXEC = "{task: common/exec, with: {cmd: /bin/sh, args: [-c, 'exit 3']}}"
NOTIFY = "{task: notification/http, with: {url: 'http://hook.example/'}}"


class Hook:
    """Somebody who is notified."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, bytes, str | None]] = []
        self.statuses: list[int] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                hook.got.append((self.command, self.path, body, self.headers.get("X-Key")))
                self.send_response(hook.statuses.pop(0) if hook.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_POST = do_GET = answer

            def log_message(self, format: str, *args: Any) -> None:
                """Silent."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.server.shutdown()
    made.server.server_close()


def done(name: str, allow_exec: bool = False, **inputs: Any) -> Outcome:
    return Tasks(allow_exec, sleep=lambda seconds: None)(Task(name, inputs), FACTS)


def ends(lab: Lab) -> list[dict[str, Any]]:
    return [dict(one.detail) for one in lab.records() if one.kind == "action" and one.detail["phase"] == "end"]


def test_a_notification_tells_the_news_as_json(hook: Hook) -> None:
    assert done("notification/http", url=hook.url) == Outcome(True, f"{hook.url} answered 200.")
    assert hook.got == [("POST", "/", b'{"experiment":"ab","winner":"forest"}', None)]


def test_a_notification_says_what_the_file_wants(hook: Hook) -> None:
    done(
        "notification/http", url=f"{hook.url}/{{{{ .name }}}}", method="GET", headers={"X-Key": "k {{ .name }}"}, body="use {{ .promote }}"
    )

    assert hook.got == [("GET", "/iris-v2", b"use promote-v2.yaml", "k iris-v2")]


@pytest.mark.parametrize(("statuses", "tries", "ok"), [([503, 200], 2, True), ([500, 500, 500], 3, False), ([404], 1, False)])
def test_a_notification_is_repeated_only_where_that_may_help(hook: Hook, statuses: list[int], tries: int, ok: bool) -> None:
    hook.statuses = list(statuses)

    assert (done("notification/http", url=hook.url).ok, len(hook.got)) == (ok, tries)


def test_who_cannot_be_notified_is_told_of_in_a_sentence() -> None:
    assert done("notification/http", url="http://127.0.0.1:9/") == Outcome(False, "http://127.0.0.1:9/ was not reached: ConnectError.")
    assert done("notification/http", url="ftp://x").sentence.startswith("'ftp://x' is no address that can be notified.")


def test_commands_run_only_where_they_are_allowed() -> None:
    said = {"cmd": "/bin/sh", "args": ["-c", "echo {{ .name }}; exit 3"]}

    assert done("common/exec", **said) == Outcome(
        None, "common/exec is passed over: commands run only where the setting LAB_ALLOW_EXEC is 1."
    )
    assert done("common/exec", True, **said) == Outcome(False, "/bin/sh ended with exit code 3.", "iris-v2\n")
    assert done("common/exec", True, cmd="true", args=[]).ok is True
    assert done("common/exec", True, **said | {"disableInterpolation": True}).tail == "{{ .name }}\n"


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started() -> None:
    tasks = Tasks(True, exec_s=0.3)

    outcome = tasks(Task("common/exec", {"cmd": "/bin/sh", "args": ["-c", "echo begun; sleep 60 & wait"]}), FACTS)

    assert outcome == Outcome(False, "/bin/sh took longer than 0.3 s and was ended.", "begun\n")


def test_a_tag_that_stands_for_nothing_is_a_sentence() -> None:
    assert filled("a {{.name}} b", {"name": "x"}) == "a x b"
    with pytest.raises(TagError, match=r"\{\{ \.nosuch \}\} stands for nothing: x has name\."):
        filled("{{ .nosuch }}", {"name": "x"})
    assert done("common/exec", True, cmd="echo", args=["{{ .nosuch }}"]).ok is False


def test_tasks_are_done_at_the_start_after_each_loop_and_at_the_finish(lab: Lab) -> None:
    lab.start(text(iterations=2, loops=2, start=f"[{NOTIFY}]", loop=f"[{NOTIFY}]", finish=f"[{NOTIFY}]"))
    assert len(lab.told) == 1
    lab.look()
    assert len(lab.told) == 1
    lab.look()
    assert len(lab.told) == 2
    lab.look(2)

    assert [(one["action"], one["loop"]) for one in ends(lab)] == [("start", 1), ("loop", 1), ("loop", 2), ("finish", 1)]
    assert lab.told[-1][1] | {"why": None} == {
        "experiment": "ab", "namespace": "default", "route": "iris", "iteration": 4, "verdict": "promote", "why": None,
        "winner": "forest", "recommended": "forest", "weights": {"svc": 0.0, "forest": 100.0},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("plan", "condition", "count"),
    [
        (climb, "CandidateWon()", 1),
        (hold, "CandidateWon()", 0),
        (hold, "not CandidateWon()", 1),
        (climb, "not WinnerFound()", 0),
        (hold, "WinnerFound()", 0),
    ],
)
def test_a_condition_decides_whether_a_task_is_done(lab: Lab, plan: Any, condition: str, count: int) -> None:
    lab.plan = plan
    lab.start(text(iterations=2, finish=NOTIFY.join("[]").replace("with:", f"if: {condition}, with:")))

    lab.look(2)

    assert len(lab.told) == count
    assert status_of(lab.controller, lab.controller.cases()[0])["notices"] == []


def test_a_command_that_is_not_allowed_is_noted_and_the_run_completes(lab: Lab) -> None:
    run = lab.start(text(iterations=2, finish=f"[{EXEC}]"))
    lab.look(2)

    said = status_of(lab.controller, lab.controller.case(run))
    assert (said["stage"], said["message"]) == ("Completed", "ExperimentCompleted: Experiment Completed")
    (notice,) = said["notices"]
    assert "is not run unless LAB_ALLOW_EXEC=1" in notice
    assert [(one["ok"], one["skipped"], one["task"]) for one in ends(lab)] == [(None, True, "common/exec")]


def test_a_command_that_fails_at_the_finish_fails_the_experiment_and_keeps_its_verdict(lab: Lab) -> None:
    lab.restarted(allow_exec=True)
    lab.outcome = Outcome(False, "/bin/sh ended with exit code 3.")
    run = lab.start(text(iterations=2, finish=f"[{EXEC}]"))
    lab.look(2)

    said = status_of(lab.controller, lab.controller.case(run))
    conditions = {one["type"]: one["status"] for one in said["resource"]["status"]["conditions"]}
    assert said["message"] == "ExperimentCompleted: Experiment failed"
    assert conditions == {"Completed": "True", "Failed": "True", "TargetAcquired": "False"}
    assert (said["winner"], lab.route().weights) == ("forest", {"svc": 0.0, "forest": 100.0})


def test_a_command_that_fails_at_the_start_ends_the_run_before_it_touches_the_route(lab: Lab) -> None:
    before = lab.route()
    lab.restarted(allow_exec=True)
    lab.outcome = Outcome(False, "/bin/sh ended with exit code 3.")
    run = lab.start(text(start=f"[{EXEC}]"))

    said = status_of(lab.controller, lab.controller.case(run))
    assert (said["stage"], said["message"], said["why"]) == (
        "Completed", "ExperimentCompleted: Experiment failed", "/bin/sh ended with exit code 3."
    )  # fmt: skip
    assert lab.route() == before


def test_a_notification_that_fails_stops_nothing(lab: Lab) -> None:
    lab.outcome = Outcome(False, "http://hook.example/ was not reached: ConnectError.")
    run = lab.start(text(iterations=2, start=f"[{NOTIFY}]", finish=f"[{NOTIFY}]"))
    lab.look(2)

    said = status_of(lab.controller, lab.controller.case(run))
    assert (said["stage"], said["message"]) == ("Completed", "ExperimentCompleted: Experiment Completed")
    assert lab.outcome.sentence in said["notices"]


def test_while_a_task_is_under_way_looks_go_on(lab: Lab) -> None:
    never: Future[Outcome] = Future()
    run = lab.start(text(iterations=2, loops=2, loop=f"[{NOTIFY}]"))
    lab.submit = lambda work: never
    lab.look(4)

    assert lab.kinds(run) == ["start", "look", "look", "action", "look", "look"]
    assert status_of(lab.controller, lab.controller.case(run))["stage"] == "Finishing"

    never.set_result(Outcome(True, "Done."))
    lab.tick(0.2)
    assert status_of(lab.controller, lab.controller.case(run))["stage"] == "Completed"


def test_a_task_that_was_under_way_at_a_kill_is_not_repeated_and_that_is_said(lab: Lab) -> None:
    run = lab.start(text(iterations=1, finish=f"[{NOTIFY}]"))
    lab.submit = lambda work: Future()
    lab.look()
    assert lab.kinds(run) == ["start", "look", "action"]

    lab.restarted()
    lab.tick()

    assert (lab.kinds(run)[-1], lab.told) == ("finish", [])
    assert ends(lab)[0]["sentence"].startswith("The lab was stopped while notification/http was under way")


def as_iter8(experiment: Experiment, evidence: Seen, standing: Standing, now: float) -> Decision:
    """What its rule has computed stands beside what the lab would do."""
    made = climb(experiment, evidence, standing, now)
    return made._replace(computed={"svc": 60.0, "forest": 40.0}) if made.ends else made


@pytest.mark.parametrize(("finish", "percent"), [("[]", 40.0), ("[{task: lab/promote}]", 100.0)])
def test_with_iter8s_method_everybody_gets_the_winner_only_by_a_task(lab: Lab, finish: str, percent: float) -> None:
    lab.plan = as_iter8
    lab.start(text(iterations=4, finish=finish, strength="strength: {method: iter8}"))

    seen = []
    for _ in range(4):
        lab.look()
        seen.append(lab.route().weight("forest"))

    assert seen == [20, 30, 40, percent]
    assert lab.route().experiment is None
