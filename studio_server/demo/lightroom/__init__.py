"""A strict stand-in for Lightroom Classic: it runs the real plug-in under Lua 5.1.

Whatever the published SDK reference does not offer raises here, so that the plug-in cannot rest on a
call that exists only in a friendly imitation.
"""

from studio_server.demo.lightroom.catalog import Catalog
from studio_server.demo.lightroom.runner import PullReport, pull

__all__ = ["Catalog", "PullReport", "pull"]
