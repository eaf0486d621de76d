"""What schemathesis is to check beside what it brings; loaded by schemathesis alone."""

import schemathesis

# Faults that lie between parameters, or between one and the data.
_BEYOND_SCHEMA = {
    "date_from": "the period ends before it begins",
    "sort": "a column that is not shown",
    "compare": "by hour, or before the first day that there is",
    "cursor": "no cursor of this question",
}


@schemathesis.check
def documented_data_acceptance(ctx, response, case):
    """What the document allows is answered, or the fault is one that it cannot say.

    It takes the place of positive_data_acceptance.
    """
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if response.status_code == 400:
        assert response.json().get("parameter") in _BEYOND_SCHEMA, response.text
    else:
        # What is not there (404) may be asked for.
        assert response.status_code in (200, 304, 401, 404, 503), response.text
