from odoo.tests import tagged

from .test_rest import RestCase

DOCS = "/api/v1/docs"
_SHOWN = """
    Promise.resolve().then(async () => {
        const until = async (selector) => {
            for (let tries = 0; tries < 300; tries++) {
                const found = document.querySelectorAll(selector);
                if (found.length) return [...found];
                await new Promise((done) => setTimeout(done, 100));
            }
            throw new Error(`${selector} is not shown`);
        };
        const paths = (await until(".opblock-summary-path")).map((e) => e.dataset.path);
        for (const slug of [
            "promotions/performance", "membership/analytics", "points/transactions",
        ]) {
            if (!paths.includes(`/api/v1/reports/${slug}`)) {
                throw new Error(`${slug} is not among ${paths}`);
            }
        }
        const [first] = await until("#operations-promotions-promotions_performance");
        first.querySelector(".opblock-summary-control").click();
        (await until(".try-out__btn"))[0].click();
        (await until(".execute"))[0].click();
        const [status] = await until(".live-responses-table tbody .response-col_status");
        if (!status.textContent.includes("200")) {
            throw new Error(`answered ${status.textContent}`);
        }
        console.log("test successful");
    }).catch((error) => console.error(error.message));
"""


@tagged("post_install", "-at_install")
class TestDocs(RestCase):
    """The page on which a person reads and tries the API."""

    def test_it_shows_the_reports_and_asks_them_with_the_readers_session(self):
        # Anything that the policy forbids is an error in the console, and fails this.
        self.reader.password = "rest_reader"
        self.browser_js(DOCS, _SHOWN, login="rest_reader")

    def test_nothing_of_it_comes_from_elsewhere(self):
        self.reader.password = "rest_reader"
        self.authenticate("rest_reader", "rest_reader")
        answer = self.url_open(DOCS)
        self.assertEqual(answer.status_code, 200)
        self.assertNotIn("//", answer.text)
        policy = answer.headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'; script-src 'self';", policy)

    def test_a_stranger_logs_in_first(self):
        answer = self.url_open(DOCS, allow_redirects=False)
        self.assertEqual(answer.status_code, 303)
        self.assertIn("/web/login", answer.headers["Location"])

    def test_who_may_read_no_report_is_told_so(self):
        nobody = self.user("docs_nobody", group=None)
        nobody.password = "docs_nobody"
        self.authenticate("docs_nobody", "docs_nobody")
        answer = self.url_open(DOCS)
        self.assertEqual(answer.status_code, 403)
