import { _t } from "@web/core/l10n/translation";

/** State of a step → how it is shown; the words say it, too. */
export const STATES = {
  done: { icon: "fa-check-circle", tone: "o_loyalty_better", label: _t("Done") },
  todo: { icon: "fa-circle-o", tone: "o_loyalty_muted", label: _t("To do") },
  running: { icon: "fa-circle-o-notch", tone: "o_loyalty_muted", label: _t("Running") },
  trouble: { icon: "fa-exclamation-triangle", tone: "o_loyalty_worse", label: _t("Trouble") },
};

const LABELS = {
  source: _t("Open the source"),
  zone: _t("Open the company"),
  test: _t("Test the source"),
  load: _t("Load now"),
  runs: _t("Open the runs"),
  letters: _t("Open the dead letters"),
  cron: _t("Open the scheduled action"),
  dashboard: _t("Open the dashboard"),
};

function button(place) {
  return { place, label: LABELS[place] };
}

function placeOf(step) {
  return step.place ? [button(step.place)] : [];
}

/** The zone of who looks is one click away where it is not the company's. */
function companyButtons(step, answer) {
  const own = { place: "own_zone", label: _t("Use %s", answer.zone) };
  return step.state === "todo" && step.place === "zone" ? [own, button("zone")] : placeOf(step);
}

/** Step → its title, and the buttons that lead to where it is done. */
export const STEPS = {
  source: {
    title: _t("Connect a source"),
    buttons: (step) => (step.state === "todo" ? [] : [button("source")]),
  },
  company: { title: _t("Company and time zone"), buttons: companyButtons },
  test: {
    title: _t("Test the source"),
    buttons: (step, answer) => (answer.source_type && answer.source_type !== "push" ? [button("test")] : placeOf(step)),
  },
  load: { title: _t("First load"), buttons: placeOf },
  figures: {
    title: _t("First figures"),
    buttons: (step) => (step.state === "done" ? [button("dashboard")] : placeOf(step)),
  },
};

/** Where sales may come from; `place` leads there, without one it is chosen at once. */
export const CHOICES = [
  {
    name: "database",
    title: _t("The database of an engine"),
    text: _t("Set LOYALTY_REPORTING_ENGINE_DSN in the environment of Odoo and restart it."),
    place: "engine",
    button: _t("Open the source"),
  },
  {
    name: "odoo",
    title: _t("Odoo's own sales"),
    text: _t(
      "Points of Sale, sales orders and loyalty cards of this database, and levels where Odoo's Partnership is installed.",
    ),
    button: _t("Use Odoo's sales"),
  },
  {
    name: "push",
    title: _t("Events that are sent here"),
    text: _t("Another program pushes its orders over HTTP, with an API key."),
    place: "push",
    button: _t("Set up events"),
  },
  {
    name: "demo",
    title: _t("Just look around"),
    text: _t("A shop that there is not, with seven months of sales. Connecting a source removes it."),
    button: _t("Show the demo"),
  },
];

/** What may follow the first figures. */
export const MORE = {
  people: { title: _t("People and rights"), todo: _t("So far only you read the reports."), place: "people" },
  mails: {
    title: _t("Reports by mail"),
    todo: _t("A report can be sent regularly, to whoever should read it."),
    place: "mails",
  },
  keys: {
    title: _t("API keys"),
    todo: _t("Other programs read the reports with a key, made under My Preferences / Security."),
    href: "/api/v1/docs",
    label: _t("Read about the API"),
  },
  clickhouse: {
    title: _t("ClickHouse"),
    todo: _t("Not configured: PostgreSQL answers, with the same figures."),
    place: "clickhouse",
  },
  redis: {
    title: _t("Redis"),
    todo: _t("Not configured: no answer is remembered. Set LOYALTY_REPORTING_REDIS_URL."),
  },
};
