"""The .proto of gRPC, made of the registry of reports: see ``core/api/grpc``."""
