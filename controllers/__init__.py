from . import dispatcher, events, health, rest
