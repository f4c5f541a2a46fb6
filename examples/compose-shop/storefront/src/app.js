const path = require("node:path");
const Koa = require("koa");
const Router = require("@koa/router");
const bodyParser = require("koa-bodyparser");
const helmet = require("koa-helmet");
const nunjucks = require("nunjucks");
const { sumBy } = require("lodash");

/** The shop. `ask` fetches a path of the catalog, and is replaced in tests. */
function create(catalog, ask = (at) => fetch(catalog + at)) {
  const pages = nunjucks.configure(path.join(__dirname, "../views"), { autoescape: true });
  const router = new Router();
  const basket = [];

  router.get("/healthz", (ctx) => {
    ctx.body = { status: "ok" };
  });

  router.get("/", async (ctx) => {
    const products = await (await ask("/products")).json();
    const total = sumBy(basket, "cents") / 100;
    ctx.body = pages.render("index.njk", { products, basket, total: total.toFixed(2) });
  });

  router.post("/basket", async (ctx) => {
    const answer = await ask(`/products/${encodeURIComponent(ctx.request.body.sku ?? "")}`);
    ctx.assert(answer.ok, 404, "no such product");
    basket.push(await answer.json());
    ctx.redirect("/");
  });

  const app = new Koa();
  app.use(helmet()).use(bodyParser()).use(router.routes());
  return app;
}

module.exports = { create };
