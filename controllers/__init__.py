from . import dispatcher, events, graphql, health, rest
