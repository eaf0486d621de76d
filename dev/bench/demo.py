"""The running demo, for benches that ask it."""

from .. import environment
from ..instance import Instance, start_services
from ..locks import exclusive
from ..serving import Serving
from ..setup import install


def running(workers=0):
    """Have the demo run; return its :class:`~dev.serving.Serving`.

    :param workers: processes of Odoo beside the websocket's; 0: one with threads
    """
    setup = install()
    instance = Instance("demo", setup.paths)
    with exclusive(instance.lock, "the bench"):
        known = start_services(instance, setup.programs)
        serving = Serving(setup, instance, known, environment.DEMO_DATABASE, workers)
        serving.up()
    return serving
