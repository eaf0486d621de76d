from . import dispatcher, rest
