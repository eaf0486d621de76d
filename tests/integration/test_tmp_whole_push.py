"""One whole push of the demo-sized history: seconds by table, equality."""
import sys, time
sys.path[:0] = ["/work/main", "/work/main/tests", "/work/main/tests/integration"]
import databases, pytest
from contract_store import assert_equal
from copies import pushed, rebuilt
from core.stores import push as pushing
pytest_plugins = ["store_fixtures"]

def test_whole(pushed_history):
    report, copy = pushed_history
    real = pushing._Push._send
    seconds = {}
    def timed(self, source, begun, query, target, day=None):
        t = time.perf_counter()
        n = real(self, source, begun, query, target, day)
        seconds[query] = (n, round(time.perf_counter() - t, 2))
        return n
    pushing._Push._send = timed
    t = time.perf_counter(); n = rebuilt(copy, report)
    print("rebuild", n, round(time.perf_counter() - t, 2), seconds)
    pushing._Push._send = real
    t = time.perf_counter(); assert_equal(report, copy); print("equal", round(time.perf_counter() - t, 1))
    t = time.perf_counter(); print(pushed(copy, report), "idle push", round(time.perf_counter() - t, 3))
    for v in ("membership_analytics", "point_analytics"):
        t = time.perf_counter(); print(v, copy.rows(f"SELECT count(), min(date), max(date) FROM {v}"), round(time.perf_counter()-t, 2))
    for q in ("card_data", "customer_data", "shop_data", *pushing.FACTS):
        text = pushing.push_tables.query(q)
        top = databases.value(report, "SELECT load_id FROM fact_load")
        t = time.perf_counter(); n = len(databases.rows(report, text, {"watermark": top, "epoch": 9})); print(q, "above newest", n, round(time.perf_counter()-t, 3))
    import cProfile, pstats
    p = cProfile.Profile(); p.enable(); rebuilt(copy, report); p.disable()
    pstats.Stats(p).sort_stats("tottime").print_stats(12)
