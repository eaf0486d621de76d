"""gRPC: the reports as typed messages; the .proto beside this is made of the registry.

``loyalty_reporting.proto`` is also the lock of its own numbers, and ``released.proto``
what clients out there were built with: ``python -m dev.proto`` (``make proto``) keeps
every number of them. The modules ``…_pb2`` are protoc's, out of the same file.
"""
