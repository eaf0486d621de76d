from . import dispatcher, events, rest, standing
