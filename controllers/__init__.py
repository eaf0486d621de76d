from . import dispatcher, docs, events, graphql, health, rest
