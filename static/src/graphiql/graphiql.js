/* GraphiQL on this server's own schema; the page's CSRF token shows that it is ours. */
(function () {
  "use strict";

  const said = (name) => document.querySelector(`meta[name=${name}]`).content;
  const token = said("csrf-token");
  // For the style elements that GraphiQL adds: the page's policy lets in no others.
  window.__webpack_nonce__ = said("style-nonce");
  const EXAMPLE = `# Measures and dimensions follow from the fields that you select.
query Programs($from: DateTime!, $to: DateTime!) {
  promotionPerformance(dateFrom: $from, dateTo: $to, groupBy: MONTH) {
    date
    programName
    totalTransactions
    totalAmount
    uniqueCustomers
  }
}
`;
  const year = new Date().getFullYear();
  const VARIABLES = JSON.stringify({ from: `${year}-01-01`, to: `${year}-12-31` }, null, 2);

  async function fetcher(parameters, options) {
    const response = await fetch("/api/v1/graphql", {
      method: "POST",
      credentials: "same-origin",
      headers: {
        Accept: "application/graphql-response+json, application/json;q=0.9",
        "Content-Type": "application/json",
        "X-CSRF-Token": token,
        ...options?.headers,
      },
      body: JSON.stringify(parameters),
    });
    return response.json();
  }

  const root = ReactDOM.createRoot(document.getElementById("graphiql"));
  root.render(
    React.createElement(GraphiQL, {
      fetcher,
      defaultQuery: EXAMPLE,
      variables: VARIABLES,
      defaultEditorToolsVisibility: "variables",
    }),
  );
})();
