"""Make the starter base: render the scenes, train on them, write the weights; then judge them.

`python -m studio_server.engines.starter train --out DIR [--minutes N] [--seed 0] [--weights DIR]`
goes on from what lies in DIR.
`python -m studio_server.engines.starter judge --out DIR [--at-most 0.5] [--weights DIR]`
lays a contact sheet and a table into DIR and writes the strengths that the base has earned into its sheet.
"""

import argparse
import json
import logging
from dataclasses import asdict
from pathlib import Path

import torch

from studio_server.engines.starter.export import WEIGHTS, Facts, export, set_strengths
from studio_server.engines.starter.judge import earned, judge
from studio_server.engines.starter.scenes import KNOWN
from studio_server.engines.starter.train import Recipe, train

_log = logging.getLogger(__name__)


def main() -> None:
    asked = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    torch.set_num_threads(asked.threads)
    asked.out.mkdir(parents=True, exist_ok=True)
    if asked.verb == "train":
        _train(asked)
    else:
        _judge(asked)


def _train(asked: argparse.Namespace) -> None:
    parts = train(asked.out, Recipe(minutes=asked.minutes, seed=asked.seed))
    unjudged = Facts({known.id: 0.0 for known in KNOWN})
    _log.info("wrote %d bytes to %s", export(parts, unjudged, asked.weights), asked.weights)


def _judge(asked: argparse.Namespace) -> None:
    rows = judge(asked.weights, asked.out / "judged.png", Facts.steps, Facts.guidance)
    table = [{**asdict(row), "clean": row.clean} for row in rows]
    (asked.out / "judged.json").write_text(json.dumps(table, indent=1), encoding="utf-8")
    for row in rows:
        _log.info("%-14s %.2f %5.2f %5.2f %5.2f %s", *asdict(row).values(), "clean" if row.clean else "")
    strengths = {name: min(strength, asked.at_most) for name, strength in earned(rows).items()}
    set_strengths(asked.weights, strengths)
    _log.info("earned: %s", strengths)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m studio_server.engines.starter")
    parser.add_argument("verb", choices=["train", "judge"])
    parser.add_argument("--out", type=Path, required=True, help="where scenes, checkpoints and sheets lie")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="where the base lies")
    parser.add_argument("--threads", type=int, default=2, help="one is faster where the cores are shared")
    parser.add_argument("--at-most", type=float, default=1.0, help="limit of the strengths, after looking")
    return parser.parse_args()


if __name__ == "__main__":
    main()
