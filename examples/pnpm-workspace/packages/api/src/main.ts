import { count } from "@example/words";
import fastify from "fastify";

const server = fastify();
server.get("/healthz", async () => ({ status: "ok" }));
server.post<{ Body: { text: string } }>("/count", async (request) => count(request.body.text));
server.listen({ port: 3000, host: "0.0.0.0" });
