"""Errors whose text is for the person: one sentence that says why and what to do."""

__all__ = ["ModelError", "WeightsError"]


class ModelError(ValueError):
    """A network cannot be used; the message says why and what to do."""


class WeightsError(ModelError):
    """Weights cannot be had or used; the text is one sentence for the person."""
