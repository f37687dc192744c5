"""The catalog for people: pages over the index, served or published."""

from catalog.site.app import create, serve
from catalog.site.publish import Published, build

__all__ = ["Published", "build", "create", "serve"]
