"""The making of the network in the package: synthetic portraits, losses, trainer, scores.

Run it with `python -m face3d_widgets.training --help`; it needs the extra `train`.
Nothing here is needed to use the package.
"""
