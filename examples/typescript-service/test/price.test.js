const assert = require("node:assert");
const { test } = require("node:test");
const { Order, quote } = require("../dist/price.js");

const order = (count, cents) =>
  Order.parse({ lines: [{ sku: "tea", count, cents }] });

test("small orders cost what they cost", () => {
  assert.equal(quote(order(2, 450)).total, 900);
});

test("large orders are five percent off", () => {
  assert.deepEqual(quote(order(10, 1000)), {
    currency: "EUR",
    net: 10000,
    discount: 500,
    total: 9500,
  });
});

test("an order has at least one line", () => {
  assert.equal(Order.safeParse({ lines: [] }).success, false);
});
