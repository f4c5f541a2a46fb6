const path = require("node:path");
const fastify = require("fastify");
const handlebars = require("handlebars");
const { formatISO } = require("date-fns");
const { marked } = require("marked");
const { Incident, Board } = require("./incidents");

const root = path.join(__dirname, "..");
const views = handlebars.create();
views.registerHelper("markdown", (text) => {
  // escaped first: Markdown yes, HTML no
  return new handlebars.SafeString(marked.parse(handlebars.escapeExpression(text)));
});
views.registerHelper("time", (date) => formatISO(date, { representation: "date" }));

function build(options = {}) {
  const app = fastify(options);
  const board = new Board();

  app.register(require("@fastify/formbody"));
  app.register(require("@fastify/static"), { root: path.join(root, "public"), prefix: "/static/" });
  app.register(require("@fastify/view"), { engine: { handlebars: views }, root: path.join(root, "views") });

  app.get("/healthz", async () => ({ status: "ok", open: board.open().length }));

  app.get("/", (request, reply) => reply.view("index.hbs", { incidents: board.all() }));

  app.post("/incidents", async (request, reply) => {
    const parsed = Incident.safeParse(request.body ?? {});
    if (!parsed.success) {
      return reply.code(400).send({ error: parsed.error.issues[0].message });
    }
    return reply.code(201).send({ id: board.report(parsed.data) });
  });

  app.post("/incidents/:id/close", async (request, reply) => {
    const closed = board.close(Number(request.params.id));
    return closed ? { closed: true } : reply.code(404).send({ error: "no such incident" });
  });

  return app;
}

module.exports = { build };
