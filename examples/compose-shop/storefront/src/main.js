const { create } = require("./app");

const server = create(process.env.CATALOG_URL).listen(Number(process.env.PORT ?? 3000));
process.on("SIGTERM", () => server.close());
