"""Render the shelf, or show it.

`python -m studio_server.engines.plates render [--only ID] [--spp N] --out DIR`.

Goes on where it stopped: what DIR holds already is skipped. Needs Mitsuba 3, the extra `render`;
`llvm_ad_rgb` wants LLVM 19 (DRJIT_LIBLLVM_PATH); `scalar_rgb` needs none, but Mitsuba 3.9 crashes in it on
lamps that are meshes, as most sets have.

`show --out DIR` lays a contact sheet (plates.jpg) and the contexts' thumbnails (contexts/) into DIR.
"""

import argparse
import logging
from pathlib import Path


def main() -> None:
    asked = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    if asked.verb == "render":
        _render(asked)
    else:
        _show(asked.out)


def _show(folder: Path) -> None:
    from studio_server.engines.plates.show import contact_sheet, thumbnails  # noqa: PLC0415 - slow

    thumbnails(folder / "contexts")
    contact_sheet(folder / "plates.jpg")


def _render(asked: argparse.Namespace) -> None:
    import mitsuba as mi  # noqa: PLC0415 - an extra that only this verb needs

    mi.set_variant(asked.variant)
    # the sets build Mitsuba's types, which exist only once a variant is chosen
    from studio_server.engines.plates.render import Quality, gather, render_all  # noqa: PLC0415
    from studio_server.engines.plates.sets.register import SETS  # noqa: PLC0415

    chosen = [one for one in SETS if not asked.only or one.id in asked.only]
    render_all(chosen, asked.out, Quality(asked.side, asked.spp))
    gather(SETS, asked.out)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m studio_server.engines.plates")
    parser.add_argument("verb", choices=["render", "show"])
    parser.add_argument("--only", action="append", help="id of a plate; may be repeated")
    parser.add_argument("--spp", type=int, default=64, help="samples per pixel")
    parser.add_argument("--side", type=int, default=1024, help="px")
    parser.add_argument("--variant", default="llvm_ad_rgb", help="of Mitsuba")
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
