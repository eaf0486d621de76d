from . import dispatcher, events, grpc_proto, rest
