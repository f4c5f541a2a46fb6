process.env.NODE_ENV = "test";
const assert = require("node:assert");
const { after, before, test } = require("node:test");
const app = require("../app");

let server, base;
before(() => new Promise((done) => {
  server = app.listen(0, () => {
    base = `http://127.0.0.1:${server.address().port}`;
    done();
  });
}));
after(() => server.close());

const post = (url) =>
  fetch(base, { method: "POST", body: new URLSearchParams({ url }), redirect: "manual" });

test("health", async () => {
  assert.equal((await (await fetch(`${base}/healthz`)).json()).status, "ok");
});

test("a link leads where it should", async () => {
  assert.equal((await post("https://example.com/long")).status, 302);
  const answer = await fetch(`${base}/1`, { redirect: "manual" });
  assert.equal(answer.headers.get("location"), "https://example.com/long");
});

test("only web addresses", async () => {
  assert.equal((await post("javascript:alert(1)")).status, 400);
});
