"""Where facts come from: one file for each kind of source."""

from .engine_pg import EnginePgSource

SOURCES = {
    EnginePgSource.type: EnginePgSource,
}
