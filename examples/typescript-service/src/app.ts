import express, { type Express } from "express";
import { Order, quote } from "./price";

export function createApp(): Express {
  const app = express();
  app.use(express.json({ limit: "100kb" }));

  app.get("/healthz", (_request, response) => {
    response.json({ status: "ok" });
  });

  app.post("/quotes", (request, response) => {
    const order = Order.safeParse(request.body);
    if (!order.success) {
      response.status(422).json({ errors: order.error.issues });
      return;
    }
    response.json(quote(order.data));
  });

  return app;
}
