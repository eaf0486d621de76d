from . import dispatcher, events, rest
