"""What can go wrong while a site is made."""

__all__ = ["SiteError"]


class SiteError(Exception):
    """A site that cannot be made; says what to do."""
