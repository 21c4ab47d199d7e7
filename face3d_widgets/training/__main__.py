"""`python -m face3d_widgets.training`: render portraits, train on them, score the result."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

__all__ = ["main"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m face3d_widgets.training",
        description="Make the network in the package anew, from synthetic portraits.",
    )
    commands = parser.add_subparsers(dest="command", required=True)

    assets = commands.add_parser("assets", help="fetch MakeHuman's skins, hair and clothes (CC0)")
    assets.add_argument("--out", type=Path, required=True, help="a folder for them")

    render = commands.add_parser("render", help="draw synthetic portraits with true depth")
    render.add_argument("--count", type=int, required=True, help="portraits in all")
    render.add_argument("--out", type=Path, required=True, help="a folder for the shards")
    render.add_argument(
        "--seed", type=int, default=0, help="same seed, same portraits (%(default)s)"
    )
    render.add_argument("--size", type=int, default=256, help="pixels a side (%(default)s)")
    render.add_argument("--assets", type=Path, help="the folder of `assets`, for clothes and hair")
    render.add_argument(
        "--turned",
        type=float,
        default=0.2,
        help="part of the people seen from any side, 0 to 0.65 (%(default)s)",
    )
    render.add_argument("--workers", type=int, help="processes; as many as cores where left out")
    render.add_argument("--quiet", action="store_true", help="no progress bar")

    heads = commands.add_parser("heads", help="render the heads that ship in the package")
    heads.add_argument("--out", type=Path, required=True, help="a folder for them")
    heads.add_argument("--assets", type=Path, help="the folder that `assets` filled")

    train = commands.add_parser("train", help="teach a network from portraits")
    train.add_argument(
        "--data", type=Path, nargs="+", required=True, help="folders of shards, one or more"
    )
    train.add_argument("--out", type=Path, required=True, help="a file for the weights")
    length = train.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, help="train so long, all runs together")
    length.add_argument("--steps", type=int, help="train so many steps")
    train.add_argument("--seed", type=int, default=0, help="(%(default)s)")
    train.add_argument("--batch", type=int, help="samples in a step")
    train.add_argument(
        "--size",
        metavar="SIZES",
        help="pixels a side, one number or a schedule such as 160,192@0.55,224@0.85",
    )
    train.add_argument("--frozen-stages", type=int, help="of the encoder's seven, 0 to 7")
    train.add_argument("--encoder-rate", type=float, help="highest learning rate of the encoder")
    train.add_argument("--decoder-rate", type=float, help="highest learning rate of the decoder")
    train.add_argument("--layer-decay", type=float, help="slower by this much each earlier stage")
    train.add_argument("--mixing", type=float, help="chance that a batch's pictures mix looks")
    train.add_argument("--start", type=Path, help="weights to start from, not ImageNet's")
    train.add_argument("--resume", action="store_true", help="go on with the run that was kept")
    train.add_argument("--most", type=int, help="learn from no more than so many portraits")
    train.add_argument(
        "--workers", type=int, help="processes that draw samples; as many as cores where left out"
    )
    train.add_argument("--device", help="cpu or cuda; the best there is where left out")
    train.add_argument("--score-every", type=float, default=600, help="seconds (%(default)s)")
    train.add_argument("--save-every", type=float, default=300, help="seconds (%(default)s)")
    train.add_argument("--quiet", action="store_true", help="no progress bar")

    average = commands.add_parser("average", help="the mean of the weights of several runs")
    average.add_argument("weights", type=Path, nargs="+", help="files of `train`")
    average.add_argument("--out", type=Path, required=True, help="a file for the mean")

    evaluate = commands.add_parser("evaluate", help="score a network on pictures with true depth")
    if "evaluate" in sys.argv[1:2] or "--help" in sys.argv:
        from face3d_widgets.training.evaluate import add_arguments

        add_arguments(evaluate)
    return parser


def _sizes(text: str) -> tuple[tuple[float, int], ...]:
    """`160,192@0.55` as ((0.0, 160), (0.55, 192)).

    Raises
    ------
    ValueError
        When it is no such schedule.
    """
    schedule = []
    for part in text.split(","):
        size, _, start = part.partition("@")
        schedule.append((float(start or 0), int(size)))
    starts = [start for start, _ in schedule]
    if starts[0] != 0 or starts != sorted(starts) or any(size % 32 for _, size in schedule):
        raise ValueError(
            f"{text!r} is no schedule of sizes; write multiples of 32 and from which part of the "
            "run on, such as 160,192@0.55"
        )
    return tuple(schedule)


def _fetch(out: Path) -> int:
    from face3d_widgets.training.assets import AssetsError, fetch_assets

    try:
        print(f"{fetch_assets(out)} files in {out}")
    except AssetsError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _train(args: argparse.Namespace) -> int:
    from face3d_widgets.training.recipe import Budget, Recipe
    from face3d_widgets.training.shards import read_shards
    from face3d_widgets.training.trainer import train_on

    chosen = {
        "seed": args.seed,
        "batch": args.batch,
        "sizes": None if args.size is None else _sizes(args.size),
        "frozen_stages": args.frozen_stages,
        "encoder_rate": args.encoder_rate,
        "decoder_rate": args.decoder_rate,
        "layer_decay": args.layer_decay,
        "mixing": args.mixing,
    }
    recipe = Recipe(**{key: value for key, value in chosen.items() if value is not None})
    seconds = None if args.minutes is None else args.minutes * 60
    renders = read_shards(*args.data, most=args.most)
    print(f"{len(renders)} portraits, {renders.nbytes / 1e9:.2f} GB", flush=True)
    scores = train_on(
        renders,
        args.out,
        Budget(steps=args.steps, seconds=seconds),
        recipe,
        args.resume,
        device=args.device,
        workers=args.workers,
        start=args.start,
        score_every=args.score_every,
        save_every=args.save_every,
        progress=not args.quiet,
    )
    print(", ".join(f"{name} {value:.3f}" for name, value in scores.items()))
    print(f"weights are in {args.out}")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 where it worked, 2 where it was asked wrongly."""
    args = _parser().parse_args(argv)
    try:
        if args.command == "assets":
            return _fetch(args.out)
        if args.command == "render":
            from face3d_widgets.training.render import render_set

            made = render_set(
                args.out,
                args.count,
                args.seed,
                args.size,
                args.workers,
                progress=not args.quiet,
                assets=args.assets,
                turned=args.turned,
            )
            print(f"{made} portraits drawn, {args.count} in {args.out}")
            return 0
        if args.command == "heads":
            from face3d_widgets.training.heads import write_heads

            print(f"{write_heads(args.out, assets=args.assets)} heads in {args.out}")
            return 0
        if args.command == "train":
            return _train(args)
        if args.command == "average":
            from face3d_widgets.training.averaging import average_weights

            average_weights(args.weights, args.out)
            print(f"the mean of {len(args.weights)} is in {args.out}")
            return 0
        from face3d_widgets.training import evaluate

        return evaluate.main(args)
    except (FileNotFoundError, ModuleNotFoundError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
