"""Keys are believed for seconds, and no longer."""

from core.guard.keys import Identity, Keys

ANN = Identity(7, 70)
KEY = "0123456789abcdef" * 2


class World:
    """A clock, and a database that says whether a key still holds."""

    def __init__(self, **options):
        self.now, self.is_valid, self.asked = 100.0, True, 0
        self.keys = Keys(clock=lambda: self.now, **options)

    def still_valid(self, identity):
        assert identity == ANN
        self.asked += 1
        return self.is_valid

    def known(self, key=KEY, database="shop"):
        return self.keys.known(database, key, self.still_valid)

    def remember(self, key=KEY, database="shop"):
        self.keys.remember(database, key, ANN, self.keys.now())


def test_an_unknown_key_is_not_known():
    assert World().known() is None


def test_a_key_is_believed_for_five_seconds_without_asking():
    world = World()
    world.remember()
    world.now += 4.999
    assert (world.known(), world.asked) == (ANN, 0)
    world.now += 0.001
    assert (world.known(), world.asked) == (ANN, 1)


def test_an_answer_of_the_database_stands_for_five_seconds_again():
    world = World()
    world.remember()
    world.now += 5
    world.known()
    world.now += 4.9
    assert (world.known(), world.asked) == (ANN, 1)


def test_a_key_that_holds_no_more_is_forgotten():
    world = World()
    world.remember()
    world.now += 5
    world.is_valid = False
    assert world.known() is None
    world.is_valid = True
    assert (world.known(), world.asked) == (None, 1)


def test_using_a_key_does_not_make_it_live_longer():
    world = World()
    world.remember()
    for _second in range(4):
        world.now += 1
        world.known()
    world.is_valid = False
    world.now += 1
    assert world.known() is None


def test_a_check_that_took_long_counts_from_its_beginning():
    world = World()
    began = world.keys.now()
    world.now += 5
    world.keys.remember("shop", KEY, ANN, began)
    world.is_valid = False
    assert world.known() is None


def test_a_key_belongs_to_one_database():
    world = World()
    world.remember()
    assert world.known(database="other") is None
    assert world.known(key="p" + KEY, database="sho") is None


def test_only_so_many_are_remembered_and_the_unused_go_first():
    world = World(size=2)
    for key in ("a" * 8, "b" * 8, "c" * 8):
        world.remember(key)
    assert world.known("a" * 8) is None
    assert world.known("b" * 8) == world.known("c" * 8) == ANN


def test_the_key_is_not_kept_and_each_process_has_its_own_digest():
    one, other = World(), World()
    one.remember()
    other.remember()
    kept = repr(vars(one.keys))
    assert KEY not in kept
    assert set(one.keys._known) != set(other.keys._known)


def test_odd_texts_are_keys_like_others():
    world = World()
    for key in ("", "\udc80", "é" * 40, "\0"):
        assert world.known(key) is None
