import { browser } from "@web/core/browser/browser";

export const ADDRESS = "/api/v1/standing";
const SESSION_EXPIRED = 100;
const REASONS = { 401: "signed_out", 403: "refused", 404: "refused", 429: "busy" };

/**
 * There is no answer. `reason` says why: `away` (no connection, no time left, or somebody
 * else answered), `signed_out`, `refused`, `busy` or `fault`.
 */
export class Unavailable extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

/**
 * Asks the server where a customer stands.
 *
 * Not by way of `rpc`: that tells the whole Point of Sale of a lost connection or an ended
 * session, which would interrupt the sale, and reads decimals as binary floating point.
 *
 * @param {Object} params of the route; see "Standing of a customer" in the README
 * @param {AbortSignal} signal
 * @returns {Promise<Object>} the standing
 * @throws {Unavailable} nothing else, whatever happens
 */
export async function ask(params, signal) {
  const { result, error } = await answerOf(params, signal);
  if (error) {
    throw new Unavailable(reasonOf(error));
  }
  if (!result?.meta) {
    throw new Unavailable("fault");
  }
  return result;
}

async function answerOf(params, signal) {
  try {
    const response = await browser.fetch(ADDRESS, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", method: "call", id: 1, params }),
      signal,
    });
    return JSON.parse(await response.text(), exact) || {};
  } catch {
    throw new Unavailable("away");
  }
}

function reasonOf(error) {
  if (error.code === SESSION_EXPIRED) {
    return "signed_out";
  }
  return REASONS[error.data?.problem?.status] || "fault";
}

/** Keeps a number as it is written where JavaScript would write it otherwise. */
function exact(_name, value, context) {
  const isOther = typeof value === "number" && context?.source && context.source !== String(value);
  return isOther ? context.source : value;
}
