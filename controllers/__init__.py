from . import dispatcher, events, exports, rest
