import { reactive } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { rpc } from "@web/core/network/rpc";

const ROUTE = "/loyalty_reporting/dashboard";
const CHANNEL = "loyalty_reporting";
// Milliseconds between two refreshes, at least; and as many times as the last one took, so
// that a busy server gets rest from many dashboards.
const PAUSE = 500;
const PATIENCE = 5;
// Milliseconds within which a page asks after news, at most: all hear them at once.
const SPREAD = 2000;
// How often to look without the websocket.
const POLL = 30000;

/**
 * What the dashboard shows, kept up to date.
 *
 * After a load the server says on the bus that figures of a company changed, without
 * figures. They are asked for with the page's own rights, at most once in a while, and
 * compared with what is shown: what did not change is not drawn anew.
 */
export class DashboardModel {
  constructor(bus, filters) {
    this.bus = bus;
    this.filters = filters;
    this.asked = 0;
    this.news = false;
    this.told = {}; // the last load of which each store told, as in an answer's "known"
    this.restUntil = 0;
    this.took = 0;
    this.state = reactive({
      status: "loading", // loading, ready, failed
      isLive: false,
      isRefreshing: false,
      answer: null,
      error: "",
    });
  }

  start() {
    this.hear = ({ company_id: company, known }) => {
      if (company === this.state.answer?.company_id) {
        Object.assign(this.told, known);
        this.refreshSoon();
      }
    };
    this.connected = () => {
      this.state.isLive = true;
      this.refreshSoon(); // what was said meanwhile was not heard
    };
    this.disconnected = () => (this.state.isLive = false);
    this.bus.subscribe(CHANNEL, this.hear);
    this.bus.addChannel(CHANNEL);
    this.bus.addEventListener("BUS:CONNECT", this.connected);
    this.bus.addEventListener("BUS:RECONNECT", this.connected);
    this.bus.addEventListener("BUS:DISCONNECT", this.disconnected);
    this.seen = () => this.news && this.refreshSoon();
    document.addEventListener("visibilitychange", this.seen);
    this.poll = browser.setInterval(() => this.state.isLive || this.refreshSoon(), POLL);
    this.bus.start();
    this.state.isLive = Boolean(this.bus.isActive);
  }

  stop() {
    this.isStopped = true;
    this.bus.unsubscribe(CHANNEL, this.hear);
    this.bus.deleteChannel(CHANNEL);
    this.bus.removeEventListener("BUS:CONNECT", this.connected);
    this.bus.removeEventListener("BUS:RECONNECT", this.connected);
    this.bus.removeEventListener("BUS:DISCONNECT", this.disconnected);
    document.removeEventListener("visibilitychange", this.seen);
    browser.clearInterval(this.poll);
    browser.clearTimeout(this.timer);
  }

  /** Ask with other filters; what is shown stays until the answer is there. */
  async load(filters = this.filters) {
    this.filters = filters;
    this.news = false;
    const number = ++this.asked;
    const begun = browser.performance.now();
    this.state.isRefreshing = true;
    try {
      const answer = await rpc(ROUTE, filters, { silent: true });
      if (number === this.asked && !this.isStopped) {
        this._take(answer);
      }
    } catch (error) {
      if (number === this.asked && !this.isStopped) {
        this._fail(error);
      }
    }
    if (number === this.asked) {
      this.state.isRefreshing = false;
    }
    const now = browser.performance.now();
    this.took = now - begun;
    this.restUntil = now + Math.max(PAUSE, PATIENCE * this.took);
  }

  /** Ask again as soon as that is fair; a page that nobody sees waits until it is seen. */
  refreshSoon() {
    this.news = true;
    if (this.timer || this.isStopped || document.hidden) {
      return;
    }
    const rest = this.restUntil - browser.performance.now();
    // Each at a moment of its own, in the time that many answers take.
    const moment = Math.random() * Math.min(PATIENCE * this.took, SPREAD);
    this.timer = browser.setTimeout(
      async () => {
        await this.load();
        this.timer = null;
        if (this.news) {
          this.refreshSoon();
        }
      },
      Math.max(rest, moment),
    );
  }

  /** Whether a read replica answered that has not heard yet of what we were told. */
  _isBehind({ known }) {
    return Object.entries(this.told).some(([store, load]) => known[store] < load);
  }

  _take(answer) {
    if (this._isBehind(answer)) {
      this.news = true;
    }
    const shown = this.state.answer;
    if (shown) {
      // The same figures stay the same object: nothing below is drawn anew.
      for (const [name, panel] of Object.entries(answer.panels)) {
        if (JSON.stringify(shown.panels[name]) === JSON.stringify(panel)) {
          answer.panels[name] = shown.panels[name];
        }
      }
    }
    Object.assign(this.state, { answer, status: "ready", error: "" });
  }

  _fail(error) {
    const words = error.data?.message || error.message || String(error);
    // Figures that were right a moment ago are better than none.
    this.state.status = this.state.answer ? "ready" : "failed";
    this.state.error = words;
  }
}
