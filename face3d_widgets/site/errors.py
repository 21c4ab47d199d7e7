"""The errors of making a site."""

__all__ = ["SiteError"]


class SiteError(Exception):
    """A site that cannot be made; says what to do."""
