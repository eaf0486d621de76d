"""What schemathesis is to check beside what it brings; loaded by schemathesis alone."""

import schemathesis

# Faults that lie between parameters, or between one and the data.
_BEYOND_SCHEMA = {
    "date_from": "the period ends before it begins",
    "sort": "a column that is not shown",
    "compare": "by hour, or before the first day that there is",
    "cursor": "no cursor of this question",
    "measures": "a balance of some types of transactions",
}

_DONE, _REFUSED = (200, 202, 204, 304), (401, 404, 409, 422, 429, 503)


@schemathesis.check
def documented_data_acceptance(ctx, response, case):
    """What the document allows is answered, or the fault is one that it cannot say.

    It takes the place of positive_data_acceptance.
    """
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if response.status_code == 403:
        assert "token" in case.query, response.text  # of no job
    elif response.status_code == 400:
        assert response.json().get("parameter") in _BEYOND_SCHEMA, response.text
    else:
        # What is not there (404), or not yet (409), may be asked for; a key of a request
        # that was sent before may be sent with another one (422); so many jobs may wait
        # already that no other is taken (429).
        assert response.status_code in (*_DONE, *_REFUSED), response.text
