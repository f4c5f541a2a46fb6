const { test } = require("node:test");
const request = require("supertest");
const { create } = require("../src/app");

const tea = { sku: "tea-1", name: "Green <tea>", cents: 450, price: "€4.50" };
const ask = async (at) => {
  if (at === "/products") return Response.json([tea]);
  return at === "/products/tea-1" ? Response.json(tea) : new Response("no", { status: 404 });
};

test("what is bought is in the basket", async () => {
  const shop = create("", ask).callback();
  await request(shop).post("/basket").type("form").send({ sku: "tea-1" }).expect(302);
  await request(shop).get("/").expect(200, /Green &lt;tea&gt;[^]*1 in your basket, 4.50 in all/);
});

test("what is not sold cannot be bought", async () => {
  await request(create("", ask).callback()).post("/basket").type("form").send({ sku: "x" }).expect(404);
});
