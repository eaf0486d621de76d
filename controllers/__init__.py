from . import dispatcher, events, graphql, rest
