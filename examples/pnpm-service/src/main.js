const { build } = require("./app");

const port = Number(process.env.PORT ?? 3000);
const app = build({ logger: true });

process.on("SIGTERM", () => app.close());
app.listen({ port, host: "0.0.0.0" }).catch((error) => {
  app.log.error(error);
  process.exit(1);
});
