/* global SwaggerUIBundle */
// Same-origin requests carry the session of this page; a key entered under Authorize
// takes its place, and is forgotten with the page.
SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
  validatorUrl: null,
});
