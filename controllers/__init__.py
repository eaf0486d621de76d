from . import (
    dispatcher,
    docs,
    events,
    graphql,
    grpc_proto,
    health,
    rest,
    standing,
)
