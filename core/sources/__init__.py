"""Where facts come from: one file for each kind of source."""

from .demo import DemoSource
from .engine_pg import EnginePgSource
from .odoo_db import OdooSource

SOURCES = {
    EnginePgSource.type: EnginePgSource,
    OdooSource.type: OdooSource,
    DemoSource.type: DemoSource,
}
