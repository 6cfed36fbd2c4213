"use strict";

const { randomUUID } = require("node:crypto");
const express = require("express");

const instance = randomUUID();
const app = express();
app.disable("x-powered-by");

app.get("/healthz", (_request, response) => {
  response.json({ status: "ok" });
});

app.get("/{*path}", (request, response) => {
  response.json({ instance, path: request.path });
});

const server = app.listen(Number(process.env.PORT ?? 3000), (error) => {
  if (error) throw error;
  console.log(`instance ${instance} listens on port ${server.address().port}`);
});

// Kubernetes sends SIGTERM before it takes a pod away: finish what is being answered, then go.
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.once(signal, () => server.close(() => process.exit(0)));
}
