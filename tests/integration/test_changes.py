import time
import pytest
from pipeline import synced, contents

def test_try(shop, report, assert_same_as_from_scratch):
    t=time.time()
    print(synced(shop.dsn, report)); print(time.time()-t)
    for k, v in contents(report).items(): print(k, len(v), v[:1])
    assert_same_as_from_scratch(report, shop.dsn); print(time.time()-t)

def test_try2(households, report, assert_same_as_from_scratch):
    t=time.time()
    print(synced(households.dsn, report)); print(time.time()-t)
    for k, v in contents(report).items(): print(k, len(v), v[:1])
    assert_same_as_from_scratch(report, households.dsn); print(time.time()-t)
