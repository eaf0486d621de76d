/* Ask graphql-http's audits of a server; print each with its verdict as a line of JSON. */
"use strict";

const { auditServer } = require(`${process.env.LR_GRAPHQL_HTTP}/graphql-http/lib/audits`);

function fetchAsUser(url, options = {}) {
  const headers = {
    Authorization: `Bearer ${process.env.KEY}`,
    Cookie: process.env.COOKIE,
    ...options.headers,
  };
  return fetch(url, { ...options, headers });
}

async function main() {
  const found = await auditServer({ url: process.env.URL, fetchFn: fetchAsUser });
  for (const { id, name, status, reason } of found) {
    console.log(JSON.stringify({ id, name, status, reason: reason ?? null }));
  }
}

main();
