/** One HTTP exchange as text, for replies whose bytes are the contract. */

export interface Exchange {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

/** Whom facades' calls are from: undefined sends no key. */
export class Caller {
  readonly url: string;
  readonly key: string | undefined;

  constructor(url: string, key?: string) {
    this.url = url;
    this.key = key;
  }

  /** `body` is sent as it stands. */
  async send(method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<Exchange> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(this.key === undefined ? {} : { authorization: `Bearer ${this.key}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    return { status: response.status, text: await response.text(), headers: response.headers };
  }

  get(path: string): Promise<Exchange> {
    return this.send("GET", path);
  }

  /** `idempotencyKey`: the header, left out where undefined. */
  post(path: string, body: string, idempotencyKey?: string): Promise<Exchange> {
    return this.send("POST", path, body, idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey });
  }
}
