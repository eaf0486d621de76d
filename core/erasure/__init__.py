"""A person is erased from all that the addon keeps, and is not brought back.

Facts and figures stay, and so does the integer key by which they count the person. What
tells who that was goes: the identifiers of customer and cards become pseudonyms (the key
itself, negative), everywhere. A keyed digest of each identifier is remembered; what
sources deliver later is staged under the pseudonym (``pseudonyms.py``).

``request.py`` begins an erasure in one transaction; ``run.py`` takes it from place to
place (``places.py``, ``streams.py``, ``copies.py``), each on its own, so that it goes on
wherever it was cut short.
"""
