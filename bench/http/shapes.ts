/** The bodies that the generators can send, and what a server that took one answers. */

export interface Shape {
  /** Path of the route that takes the body. */
  readonly path: string;
  /** Status of an answer that acknowledges the request. */
  readonly accepted: number;
  /** wrk's script that makes the body. */
  readonly script: string;
}

/** `commands`: credits for `POST /v1/commands`. `orders`: the array of `POST /balance/request-balance`. */
export const SHAPES = {
  commands: { path: "/v1/commands", accepted: 202, script: "bucket.lua" },
  orders: { path: "/balance/request-balance", accepted: 200, script: "orders.lua" },
} as const satisfies Readonly<Record<string, Shape>>;

export type ShapeName = keyof typeof SHAPES;

/** Partners that the orders are spread over by turns. */
export const ORDER_PARTNERS = ["TEST", "TEST1"] as const;
