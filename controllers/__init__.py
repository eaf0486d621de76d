from . import dispatcher, docs, events, rest
