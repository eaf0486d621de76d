"""Events of the engine: from CloudEvents in JSON to chunks of whole documents.

Imported only where a stream is read: it needs the package ``msgspec``.
"""
