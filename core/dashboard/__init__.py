"""What the dashboard shows: its panels, each a question to a report, and its period."""

from .asked import Asked, asked
from .bounds import Bounds, bounds
from .panels import PANELS, grain_of, parameters
from .told import Told, told

__all__ = [
    "PANELS",
    "Asked",
    "Bounds",
    "Told",
    "asked",
    "bounds",
    "grain_of",
    "parameters",
    "told",
]
