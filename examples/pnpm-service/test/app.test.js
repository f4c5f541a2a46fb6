const assert = require("node:assert");
const { test } = require("node:test");
const { build } = require("../src/app");

test("an empty board is a good board", async () => {
  const answer = await build().inject("/");
  assert.match(answer.body, /All is well/);
});

test("an incident is shown until long after it is solved", async () => {
  const app = build();
  const payload = { service: "mail", severity: "major", text: "*slow* <b>" };
  const reported = await app.inject({ method: "POST", url: "/incidents", payload });
  assert.deepEqual(reported.json(), { id: 1 });
  await app.inject({ method: "POST", url: "/incidents/1/close" });
  const page = (await app.inject("/")).body;
  assert.match(page, /mail \(solved\)/);
  assert.match(page, /<em>slow<\/em>/);
  assert.doesNotMatch(page, /<b>/);
});

test("an incident concerns a service", async () => {
  const answer = await build().inject({ method: "POST", url: "/incidents", payload: {} });
  assert.equal(answer.statusCode, 400);
});
