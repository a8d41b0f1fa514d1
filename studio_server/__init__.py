"""Studio Server: from the shutter to the catalog, with the face that was photographed."""

__version__ = "0.1.0"
