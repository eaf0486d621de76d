"""TLS between the nodes of a cluster: what they ask of each other, and what replicas fetch."""

import socket
import ssl
import time
from dataclasses import replace

import pytest
from clustered import assert_answers, assert_same_without, one_more, pushed_to_all
from copies import pushed, synced

from dev import clusters

pytest_plugins = ["store_fixtures", "cluster_fixtures"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.cluster,
    pytest.mark.usefixtures("nobody_waits_long"),
]
ORDERS = "SELECT count() FROM promotion_order_data_local"


def test_nodes_are_reached_by_tls_and_show_their_certificate(secured):
    trusting = ssl.create_default_context(cafile=secured.cluster.certificate)
    places = [node.place for node in secured.nodes]
    for place in places:
        for port in (place.interserver, place.tls):
            with (
                socket.create_connection(("127.0.0.1", port), 5) as plain,
                trusting.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped,
            ):
                assert wrapped.getpeercert()
    asked = secured.rows("SELECT port FROM system.clusters ORDER BY port")
    assert [port for (port,) in asked] == sorted(place.tls for place in places)


def test_a_node_whose_certificate_the_others_do_not_know_gets_no_rows(
    shop, report, secured, tmp_path
):
    synced(shop.dsn, report)
    pushed_to_all(secured, report)
    node = secured.nodes[1]
    certificate, key = clusters.certificate(tmp_path)
    place = replace(node.place, certificate=certificate, key=key)
    stranger = replace(node, place=place)
    secured.cluster.stop(node)
    stranger.prepare()
    try:
        secured.cluster.start(stranger)
        one_more(shop, report, "X")
        pushed(secured, report)
        assert_answers(report, secured)
        time.sleep(3)
        assert secured.on(1, ORDERS) < secured.on(0, ORDERS)
    finally:
        secured.cluster.stop(stranger)
        node.prepare()
    secured.cluster.start(node)
    assert_same_without(0, report, secured)
