/** For the tests of request-balance: orders, who sends them, and a service with TEST and TEST1 in two groups. */
import { Client, type Environment, inProcess, type Running } from "./server.ts";

export const PATH = "/balance/request-balance";
export const SUCCESS =
  '{"ErrorDetail":{"ErrorList":""},"HttpCode":200,"Message":"request balance success, but balance is processing, please check other event response","Status":"success"}';

export interface Order {
  readonly AmountRequest: number;
  readonly PartnerCode: string;
  readonly PartnerIdentification: number;
  readonly OrderID: number;
  readonly TypeRequest: string;
}

export const order = (OrderID: number, more: Partial<Order> = {}): Order => ({
  AmountRequest: 200_000,
  PartnerCode: "TEST",
  PartnerIdentification: 1234,
  OrderID,
  TypeRequest: "payment",
  ...more,
});
export const other = (OrderID: number, more: Partial<Order> = {}) => order(OrderID, { PartnerCode: "TEST1", ...more });

interface Envelope {
  readonly ErrorDetail: { readonly ErrorList: string };
  readonly HttpCode: number;
  readonly Message: string;
  readonly Status: string;
}

export interface Replied {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  readonly envelope: Envelope;
}

export class Caller {
  readonly url: string;
  readonly secret: string | undefined;

  constructor(url: string, secret: string | undefined) {
    this.url = url;
    this.secret = secret;
  }

  async send(body: unknown, headers: Record<string, string> = {}): Promise<Replied> {
    const response = await fetch(this.url + PATH, {
      method: "POST",
      headers: {
        ...(this.secret === undefined ? {} : { authorization: `Bearer ${this.secret}` }),
        "content-type": "application/json",
        ...headers,
      },
      body: (typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body)) as string,
    });
    const text = await response.text();
    return { status: response.status, text, headers: response.headers, envelope: JSON.parse(text) as Envelope };
  }
}

interface Trial extends Running {
  readonly service: Caller;
  readonly test: Client;
  readonly test1: Client;
}

async function makePartner({ admin, url }: Running, id: string, group: string): Promise<Client> {
  const { body } = await admin.send("POST", "/v1/admin/partners", { id, group });
  const client = new Client(url, body.key!);
  await client.one({ id: "fund", type: "credit", account: "main", amount: "10000000000000.00" });
  return client;
}

export async function secretOf({ admin }: Pick<Running, "admin">, id: string): Promise<string> {
  const { body } = await admin.send("POST", "/v1/admin/services", { id });
  return (body as { secret: string }).secret;
}

/** TEST in group g0, TEST1 in g1, with their funds, and a service. */
export async function prepare<R extends Running>(running: R): Promise<R & Trial> {
  const [test, test1] = [await makePartner(running, "TEST", "g0"), await makePartner(running, "TEST1", "g1")];
  const service = new Caller(running.url, await secretOf(running, "gateway"));
  return { ...running, service, test, test1 };
}

export const trial = async (environment: Environment = {}, data?: string) =>
  prepare(await inProcess({ GROUPS: "g0,g1", ...environment }, data));

export const mainOf = async (client: Client) => {
  const { body } = await client.get("/v1/accounts/main");
  return [body.available, body.held];
};
