"""Make the starter base: render the scenes, train on them, write the weights; then judge them.

`python -m studio_server.engines.starter render --out DIR [--per-context N]`
path-traces what DIR lacks (extra `render` and LLVM 19, see the plates' own command).
`… train --out DIR [--minutes N] [--seed 0] [--weights DIR]` goes on from what lies in DIR.
`… judge --out DIR [--at-most 0.5] [--weights DIR]`
lays a contact sheet and a table into DIR and writes the strengths that the base has earned into its sheet.
"""

import argparse
import json
import logging
from dataclasses import asdict
from pathlib import Path

import torch

from studio_server.domain.variation import CONTEXTS
from studio_server.engines.starter.data import HELD_OUT, scenes
from studio_server.engines.starter.export import WEIGHTS, Facts, export, set_strengths
from studio_server.engines.starter.judge import earned, judge
from studio_server.engines.starter.stages import Recipe
from studio_server.engines.starter.train import train

_log = logging.getLogger(__name__)


def main() -> None:
    asked = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    torch.set_num_threads(asked.threads)
    asked.out.mkdir(parents=True, exist_ok=True)
    {"render": _render, "train": _train, "judge": _judge}[asked.verb](asked)


def _render(asked: argparse.Namespace) -> None:
    import mitsuba as mi  # noqa: PLC0415 - an extra that only this verb needs

    mi.set_variant(asked.variant)
    # the sets build Mitsuba's types, which exist only once a variant is chosen
    from studio_server.engines.starter.renders import render_all  # noqa: PLC0415

    render_all(asked.out / "renders", HELD_OUT + asked.per_context)


def _train(asked: argparse.Namespace) -> None:
    parts = train(asked.out, Recipe(minutes=asked.minutes, seed=asked.seed))
    unjudged = Facts({known.id: 0.0 for known in CONTEXTS})
    _log.info("wrote %d bytes to %s", export(parts, unjudged, asked.weights), asked.weights)


def _judge(asked: argparse.Namespace) -> None:
    known, held_out = scenes(asked.out), scenes(asked.out, held_out=True)
    rows = judge(asked.weights, asked.out / "judged.png", known, held_out, (Facts.steps, Facts.guidance))
    table = [{**asdict(row), "clean": row.clean} for row in rows]
    (asked.out / "judged.json").write_text(json.dumps(table, indent=1), encoding="utf-8")
    strengths = {name: min(strength, asked.at_most) for name, strength in earned(rows).items()}
    set_strengths(asked.weights, strengths)
    _log.info("earned: %s", strengths)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m studio_server.engines.starter")
    parser.add_argument("verb", choices=["render", "train", "judge"])
    parser.add_argument("--out", type=Path, required=True, help="where renders, checkpoints and sheets lie")
    parser.add_argument("--per-context", type=int, default=94, help="renders to train on, per context")
    parser.add_argument("--variant", default="llvm_ad_rgb", help="of Mitsuba")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="where the base lies")
    parser.add_argument("--threads", type=int, default=2, help="one is faster where the cores are shared")
    parser.add_argument("--at-most", type=float, default=1.0, help="limit of the strengths, after looking")
    return parser.parse_args()


if __name__ == "__main__":
    main()
