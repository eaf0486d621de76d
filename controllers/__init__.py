from . import (
    dashboard,
    dispatcher,
    docs,
    events,
    exports,
    graphql,
    grpc_proto,
    health,
    rest,
    standing,
)
