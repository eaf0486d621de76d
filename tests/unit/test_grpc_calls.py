import json
import logging
import threading
import time

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2
from grpc_world import (
    World,
    asked,
    connected,
    details_of,
    health_of,
    key,
    refused,
    row,
    serving,
    wait_for,
)

from core.api.grpc.admission import Admission
from core.errors import TooMany

Status = grpc.StatusCode


@pytest.fixture
def world():
    return World(rows=[row(program_id=number) for number in range(2500)])


def test_a_call_whose_deadline_is_over_is_stopped(world):
    world.pause = threading.Event()
    with serving(world) as server, connected(server) as stub:
        call = lambda: stub.PromotionsPerformance(asked(), metadata=key(), timeout=0.3)  # noqa: E731
        assert refused(call).code() is Status.DEADLINE_EXCEEDED
        assert world.stopped.wait(5)
        wait_for(lambda: world.open == 0)


def test_a_call_whose_client_hangs_up_is_stopped(world, caplog):
    caplog.set_level(logging.INFO, "core.api.grpc.calls")
    world.pause = threading.Event()
    with serving(world) as server, connected(server) as stub:
        call = stub.PromotionsPerformance.future(asked(), metadata=key())
        wait_for(lambda: world.asked)
        call.cancel()
        assert world.stopped.wait(5)
        wait_for(lambda: world.open == 0 and caplog.records)
    assert json.loads(caplog.records[0].message)["code"] == "CANCELLED"


def test_a_stream_that_is_given_up_closes_its_session(world):
    world.rows *= 100
    with serving(world) as server, connected(server) as stub:
        stream = stub.StreamPromotionsPerformance(asked(per_page=10), metadata=key())
        next(stream)
        stream.cancel()
        wait_for(lambda: world.open == 0)
        pages = len(world.asked)
        time.sleep(0.2)
        assert len(world.asked) == pages < 2500


def test_what_is_begun_after_the_client_hung_up_is_stopped_too(world):
    world.pause, world.deaf_for = threading.Event(), 3
    with serving(world) as server, connected(server) as stub:
        call = stub.PromotionsPerformance.future(asked(), metadata=key())
        wait_for(lambda: world.asked)
        call.cancel()
        assert world.stopped.wait(5)
        wait_for(lambda: world.open == 0)
        stops = world.stops
        time.sleep(0.5)
        assert world.stops == stops, "its connection may serve another call by now"


def test_a_call_that_ended_well_is_not_stopped(world):
    with serving(world) as server, connected(server) as stub:
        stub.PromotionsPerformance(asked(), metadata=key(), timeout=5)
        list(stub.StreamPromotionsPerformance(asked(), metadata=key(), timeout=5))
    time.sleep(0.1)
    assert not world.stopped.is_set()


def test_who_finds_no_place_is_told_to_come_back_and_health_goes_on(world):
    world.pause = threading.Event()
    limits = {"grpc_workers": 1, "grpc_max_concurrent": 2}
    with serving(world, **limits) as server, connected(server) as stub:
        calls = [
            stub.PromotionsPerformance.future(asked(), metadata=key()) for _ in "ab"
        ]
        wait_for(lambda: world.asked)
        time.sleep(0.2)
        assert len(world.asked) == 1, "two at once, where one may work"
        error = refused(lambda: stub.PromotionsPerformance(asked(), metadata=key()))
        assert error.code() is Status.RESOURCE_EXHAUSTED
        assert error_details_pb2.RetryInfo in details_of(error)
        assert health_of(server) == health_pb2.HealthCheckResponse.SERVING
        world.pause.set()
        assert all(call.result(10).rows for call in calls)
        assert stub.PromotionsPerformance(asked(), metadata=key()).rows


def test_nobody_waits_for_a_turn_longer_than_the_deadline():
    admission = Admission(1, 5)
    with (
        admission.turn(None),
        pytest.raises(TooMany, match="busy"),
        admission.turn(0.05),
    ):
        pass
    with admission.turn(0.05):
        pass


def test_running_calls_may_end_when_the_server_stops(world):
    world.pause = threading.Event()
    with serving(world) as server, connected(server) as stub:
        call = stub.PromotionsPerformance.future(asked(), metadata=key())
        wait_for(lambda: world.asked)
        threading.Timer(0.3, world.pause.set).start()
        server.stop()
        assert call.result(5).rows
        again = refused(lambda: stub.PromotionsPerformance(asked(), metadata=key()))
        assert again.code() is Status.UNAVAILABLE


def test_calls_that_outlast_the_grace_are_stopped(world):
    world.pause = threading.Event()
    with serving(world, grpc_grace=0) as server, connected(server) as stub:
        call = stub.PromotionsPerformance.future(asked(), metadata=key())
        wait_for(lambda: world.asked)
        server.stop()
        assert world.stopped.wait(5)
        assert refused(lambda: call.result(5)).code() in (
            Status.UNAVAILABLE,
            Status.CANCELLED,
        )
        wait_for(lambda: world.open == 0)
