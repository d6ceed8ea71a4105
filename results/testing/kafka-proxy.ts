/**
 * A TCP proxy before a broker that loses acknowledgements by script: it forwards a produce request and drops the answer, so that the
 * broker has appended what the producer never hears of.
 */
import { connect, createServer, type Server, type Socket } from "node:net";

/** Kafka's number of the produce request. */
const PRODUCE = 0;

/** Bytes of a frame's length, and of what the proxy looks at behind it: kind, version, correlation id. */
const LENGTH_BYTES = 4;

/** What happens to the next produce answers, one each: lost in silence, or lost with the connection. */
export type Loss = "silence" | "reset";

export class KafkaProxy {
  readonly port: number;
  /** Losses still to come. */
  readonly script: Loss[] = [];
  /** Produce requests forwarded, and their answers dropped. */
  produced = 0;
  dropped = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Listens on `port`; `target` gives the broker's `host:port` once it is known. */
  static start(port: number, target: () => string): Promise<KafkaProxy> {
    return new Promise((resolve, reject) => {
      const server = createServer((client) => proxy.#join(client, target()));
      const proxy = new KafkaProxy(server, port);
      server.on("error", reject);
      server.listen(port, "127.0.0.1", () => resolve(proxy));
    });
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #join(client: Socket, target: string): void {
    const [host, port] = target.split(":");
    const broker = connect(Number(port), host);
    /** Correlation ids of requests whose answer will be lost. */
    const losses = new Map<number, Loss>();
    const end = () => {
      client.destroy();
      broker.destroy();
      this.#sockets.delete(client);
      this.#sockets.delete(broker);
    };
    for (const socket of [client, broker]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true).on("error", end).on("close", end);
    }
    client.on(
      "data",
      frames((frame) => {
        if (frame.readInt16BE(LENGTH_BYTES) === PRODUCE) {
          this.produced++;
          const loss = this.script.shift();
          if (loss !== undefined) losses.set(frame.readInt32BE(LENGTH_BYTES + 4), loss);
        }
        broker.write(frame);
      }),
    );
    broker.on(
      "data",
      frames((frame) => {
        const loss = losses.get(frame.readInt32BE(LENGTH_BYTES));
        if (loss === undefined) {
          client.write(frame);
          return;
        }
        this.dropped++;
        if (loss === "reset") end();
      }),
    );
  }
}

/** Cuts a stream into frames, each with its length before it. */
function frames(take: (frame: Buffer) => void): (data: Buffer) => void {
  let held: Buffer = Buffer.alloc(0);
  return (data) => {
    held = held.length === 0 ? data : Buffer.concat([held, data]);
    while (held.length >= LENGTH_BYTES) {
      const bytes = LENGTH_BYTES + held.readInt32BE(0);
      if (held.length < bytes) return;
      take(held.subarray(0, bytes));
      held = held.subarray(bytes);
    }
  };
}
