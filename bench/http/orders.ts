/** The setting for the orders of request-balance: two partners with money, and a service's secret that may act for both. */
import { randomUUID } from "node:crypto";
import { SettingError } from "../environment.ts";
import { ask } from "./admin.ts";
import type { Server, Service } from "./processes.ts";
import { ORDER_PARTNERS, SHAPES } from "./shapes.ts";

/** What each partner has before the first order, in major units of two places: the 10^15 minor units of the service carried on. */
const FUNDS = "10000000000000.00";

/** The route is not there. Its text is one plain sentence. */
export class MissingRouteError extends SettingError {}

/** Makes the partners and the secret; returns where to send orders, and with what key. Throws MissingRouteError. */
export async function prepareOrders(service: Service): Promise<Server> {
  const url = service.origin + SHAPES.orders.path;
  const probe = await fetch(url, { method: "POST", body: "[]", headers: { "content-type": "application/json" } });
  if (probe.status === 404) throw new MissingRouteError(`the service has no route POST ${SHAPES.orders.path}`);
  for (const id of ORDER_PARTNERS) await fund(service, await partnerKey(service, id), id);
  const { secret } = await ask<{ secret: string }>(service, "POST", "/v1/admin/services", { id: "bench-orders" });
  return { url, key: secret, stop: service.stop };
}

/** The key of a new partner, or a further key of one that the service made by itself. */
async function partnerKey(service: Service, id: string): Promise<string> {
  const { partners } = await ask<{ partners: { id: string }[] }>(service, "GET", "/v1/admin/partners");
  const isThere = partners.some((partner) => partner.id === id);
  const path = isThere ? `/v1/admin/partners/${id}/keys` : "/v1/admin/partners";
  const { key } = await ask<{ key: string }>(service, "POST", path, isThere ? undefined : { id });
  return key;
}

async function fund({ origin }: Service, key: string, partner: string): Promise<void> {
  const credit = { id: `fund-${randomUUID()}`, type: "credit", account: "main", amount: FUNDS };
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json", prefer: "wait=10" };
  const body = JSON.stringify({ commands: [credit] });
  const response = await fetch(`${origin}/v1/commands`, { method: "POST", headers, body });
  const text = await response.text();
  if (response.status !== 200 || !text.includes('"status":"applied"')) {
    throw new Error(`partner ${partner} could not be credited: ${response.status} ${text}`);
  }
}
