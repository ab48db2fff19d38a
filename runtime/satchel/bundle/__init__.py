"""A bundle: one ``.onnx`` file whose metadata hold its spec. Found, read and checked here.

`satchel.bundle.graph` is apart: it alone needs numpy and ONNX Runtime.
"""

from satchel.bundle.bundle import (
    INDEX,
    METADATA_KEY,
    Bundle,
    Index,
    find,
    folders,
    models,
    paths,
    read,
    read_listed,
    shipped,
    stem,
)

__all__ = [
    "Bundle",
    "INDEX",
    "Index",
    "METADATA_KEY",
    "find",
    "folders",
    "models",
    "paths",
    "read",
    "read_listed",
    "shipped",
    "stem",
]
