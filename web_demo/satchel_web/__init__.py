"""The site: a form and an HTTP interface over the runtime."""

from satchel_web.app import Config, create_app

__all__ = ["Config", "create_app"]
