"""A page for a USB stick: results and lessons in one file that needs no server."""

from face3d_widgets.site.build import SiteError, export_site

__all__ = ["SiteError", "export_site"]
