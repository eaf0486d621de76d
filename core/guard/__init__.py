"""What stands around every API: keys, limits, request ids, logs, counters, health.

Nothing here knows HTTP's server or Odoo: REST, GraphQL and gRPC call the same.
"""
