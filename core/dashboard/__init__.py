"""What the dashboard shows: its panels, each a question to a report, and its period."""

from .asked import Asked, asked
from .bounds import Bounds, bounds
from .panels import PANELS, grain_of, parameters

__all__ = ["PANELS", "Asked", "Bounds", "asked", "bounds", "grain_of", "parameters"]
