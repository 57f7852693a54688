"""Servers that `make services` started."""

from __future__ import annotations

import os

from config.settings import ROOT


def service(name: str) -> str | None:
    """The address of a service, or None."""
    if name in os.environ:
        return os.environ[name]
    known = ROOT / "var" / "services.env"
    if not known.exists():
        return None
    lines = (line.partition("=") for line in known.read_text(encoding="utf-8").splitlines())
    return next((value for key, _, value in lines if key == name), None)
