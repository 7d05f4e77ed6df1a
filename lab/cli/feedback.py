"""lab feedback: tells the lab what came of a prediction."""

import json
from typing import Annotated

import typer

from lab import client
from lab.cli.common import Output, OutputOption, say, sentences


def feedback(
    request_id: Annotated[str, typer.Argument(help="the prediction's X-Request-ID")],
    reward: Annotated[float | None, typer.Option(help="what it was worth: 1 right or bought, 0 not, or any number")] = None,
    truth: Annotated[str | None, typer.Option(help="the true label; the reward is 1 if the model said so")] = None,
    metric: Annotated[str | None, typer.Option(help="another metric's name, with --value")] = None,
    value: Annotated[float | None, typer.Option(help="its value")] = None,
    output: OutputOption = Output.table,
) -> None:
    """Sends feedback about one prediction. It counts once per request id and metric, however often it is sent."""
    said = {"request_id": request_id, "reward": reward, "truth": truth, "metric": metric, "value": value}
    if reward is None and truth is None and metric is None:
        raise typer.BadParameter("Say what came of it: --reward 1, --truth LABEL, or --metric NAME --value NUMBER.")
    with sentences():
        status, answer = client.here().post("/feedback", {name: one for name, one in said.items() if one is not None})
    if output is Output.json:
        print(json.dumps(answer, indent=2))
    elif status < 400:
        print(_told(answer))
    else:
        say(_told(answer))
    if status >= 400:
        raise typer.Exit(1)


def _told(answer: object) -> str:
    """Outcome and sentence; of an answer that is not about feedback, its sentence."""
    if not isinstance(answer, dict) or "outcome" not in answer:
        return client.sentence(answer)
    return ": ".join(filter(None, (answer["outcome"], answer["detail"])))
