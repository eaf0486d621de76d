import json
from unittest.mock import patch

from odoo.tests import tagged

from ..core.errors import TooMany
from ..core.events.intake import Verdict
from .test_rest import RestCase

EVENTS = "/api/v1/events"


@tagged("post_install", "-at_install")
class TestEvents(RestCase):
    """Who may push events, and what is answered; loading is core's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sender = cls.user("event_sender", group=None)
        cls.key_of_sender = cls.api_key(cls.sender)
        cls.source = cls.env["loyalty.reporting.source"].create(
            {
                "name": "Web shop",
                "code": "web_shop",
                "type": "push",
                "sender_ids": cls.sender.ids,
            }
        )

    def push(self, body=b"{}", key=None, url=EVENTS, **headers):
        headers = {"Content-Type": "application/cloudevents+json", **headers}
        if key is not False:
            headers["Authorization"] = f"Bearer {key or self.key_of_sender}"
        return self.url_open(url, data=body, headers=headers)

    def receiving(self, received):
        """Have the intake answer, and give the bodies it was called with."""
        bodies = []

        def receive(_intake, body):
            bodies.append(body)
            if isinstance(received, Exception):
                raise received
            return received

        intake = "odoo.addons.loyalty_reporting.core.events.intake.Intake.receive"
        self.startPatcher(patch(intake, receive))
        return bodies

    def test_verdicts_come_back_in_the_order_of_the_events(self):
        verdicts = [
            Verdict(("/s", "1"), b"", "accepted"),
            Verdict(("/s", "2"), b"", "refused", "why not"),
        ]
        bodies = self.receiving(verdicts)
        answer = self.push(b'[{"id": 1}, {"id": 2}]')
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(bodies, [b'[{"id": 1}, {"id": 2}]'])
        self.assertEqual(
            answer.json(),
            {
                "counts": {"accepted": 1, "refused": 1},
                "events": [
                    {"source": "/s", "id": "1", "verdict": "accepted"},
                    {
                        "source": "/s",
                        "id": "2",
                        "verdict": "refused",
                        "reason": "why not",
                    },
                ],
            },
        )

    def test_only_a_sender_of_the_source_may_push(self):
        bodies = self.receiving([])
        self.assert_problem(self.push(key=self.key_of_reader), 404, "?source=code")
        self.assert_problem(
            self.push(url=f"{EVENTS}?source=other"), 404, "?source=code"
        )
        self.assertEqual(self.push(url=f"{EVENTS}?source=web_shop").status_code, 200)
        self.source.active = False
        self.assert_problem(self.push(), 404)
        self.assertEqual(len(bodies), 1)

    def test_a_session_is_not_enough(self):
        bodies = self.receiving([])
        self.authenticate(self.sender.login, self.sender.login)
        self.assert_problem(self.push(key=False), 401)
        self.assert_problem(self.push(key="wrong"), 401)
        self.assertFalse(bodies)

    def test_limits_are_said(self):
        self.receiving(TooMany("Later.", seconds=60))
        answer = self.push()
        self.assert_problem(answer, 429, "Later.")
        self.assertEqual(answer.headers["Retry-After"], "60")
        self.assert_problem(self.push(b" " * 10_000_001), 413)
        text = self.push(json.dumps({}), **{"Content-Type": "text/plain"})
        self.assert_problem(text, 415)
        reading = self.url_open(EVENTS, headers={"Authorization": "Bearer x"})
        self.assertIn(reading.status_code, (401, 404, 405))
