import { z } from "zod";

export const Order = z.object({
  currency: z.enum(["EUR", "USD"]).default("EUR"),
  lines: z
    .array(
      z.object({
        sku: z.string().min(1),
        count: z.number().int().positive(),
        cents: z.number().int().nonnegative(),
      }),
    )
    .min(1),
});

export type Order = z.infer<typeof Order>;

export interface Quote {
  currency: string;
  net: number;
  discount: number;
  total: number;
}

/** Five percent off from a hundred on. All amounts are in cents. */
export function quote(order: Order): Quote {
  const net = order.lines.reduce(
    (sum, line) => sum + line.count * line.cents,
    0,
  );
  const discount = net >= 100_00 ? Math.round(net * 0.05) : 0;
  return { currency: order.currency, net, discount, total: net - discount };
}
