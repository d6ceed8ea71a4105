/** From the bytes of an array of orders to the rings of all groups that it concerns: into all of them, or into none. */
import { BODY_BYTES_MAX, ringLayout } from "../../../engine/index.ts";
import { ApiError } from "../../errors.ts";
import type { GroupLink } from "../../link/group-link.ts";
import type { Waiting } from "../../link/pending.ts";
import type { Registry } from "../../registry/index.ts";
import {
  explainOrders,
  FULL,
  type OrderPartners,
  type OrderRings,
  OrderScanner,
  type OrderScope,
  type PartnerRefusal,
  type RecordTarget,
} from "../../scanner/index.ts";

const { ENTRY } = ringLayout;

export interface OrderSenderOptions {
  readonly registry: Registry;
  readonly linkOf: (group: string) => GroupLink | undefined;
}

export class OrderSender implements OrderPartners, OrderRings {
  readonly #options: OrderSenderOptions;
  readonly #scanner = new OrderScanner();
  /** By ring number: given to groups as their partners' first orders come. */
  readonly #links: GroupLink[] = [];
  /** For the scanner; one object, reused. */
  readonly #scan = { partners: this, rings: this, only: 0 };

  constructor(options: OrderSenderOptions) {
    this.#options = options;
  }

  /**
   * Sends the orders in `body`, those of partner `only` or, if 0, of any; `waiting` is answered once by each group. Returns the number
   * of groups. Throws ApiError when nothing was taken: INVALID_BODY or FORBIDDEN with what is wrong, BODY_TOO_LARGE, OVERLOADED,
   * GROUP_DOWN, GROUP_FULL, DISK_FULL.
   */
  send(body: Uint8Array, only: number, waiting: Waiting): number {
    const length = body.byteLength;
    if (length > BODY_BYTES_MAX) throw new ApiError("BODY_TOO_LARGE");
    const scanner = this.#scanner;
    this.#scan.only = only;
    const count = scanner.scan(body, length, this.#scan);
    if (count < 0) throw this.#refusalOf(body, only, count);
    const { rings } = scanner;
    // Every group has room for the records by now. Whether there is room for every answer is the last thing that can refuse.
    for (const ring of rings) if (!this.#links[ring]!.rings.hasRoomForReply(0)) throw new ApiError("OVERLOADED");
    for (const ring of rings) {
      this.#links[ring]!.rings.send(ENTRY.commands, scanner.bytesOf(ring), scanner.countOf(ring), waiting, 0);
    }
    return rings.length;
  }

  // What the scanner asks

  get version(): number {
    return this.#options.registry.version;
  }

  byCode(code: string): OrderScope | PartnerRefusal {
    const partner = this.#options.registry.partner(code);
    if (partner === undefined) return "UNKNOWN_PARTNER";
    if (partner.status !== "active") return "PARTNER_SUSPENDED";
    const { index, currency, strict, minAmount, maxAmount } = partner;
    return {
      partner: index,
      currency: currency.index,
      strict,
      ...(minAmount === undefined ? {} : { minAmount: minAmount.money }),
      ...(maxAmount === undefined ? {} : { maxAmount: maxAmount.money }),
      ring: this.#ringOf(partner.group.name),
    };
  }

  open(ring: number, bytes: number): RecordTarget {
    const link = this.#links[ring]!;
    link.assertTakesCommands();
    const start = link.rings.claim(bytes);
    if (start < 0) throw new ApiError("OVERLOADED");
    const { memory } = link.rings;
    return { bytes: memory.bytes, words: memory.words, floats: memory.floats, start, limit: start + bytes };
  }

  #ringOf(group: string): number {
    const link = this.#options.linkOf(group);
    if (link === undefined) throw new ApiError("GROUP_DOWN", `Group ${group} is not served here.`);
    const ring = this.#links.indexOf(link);
    return ring >= 0 ? ring : this.#links.push(link) - 1;
  }

  #refusalOf(body: Uint8Array, only: number, count: number): ApiError {
    if (count === FULL) return new ApiError("OVERLOADED");
    const errors = explainOrders(body, { partners: this, only });
    const has = (code: string) => errors.some((error) => error.code === code);
    if (has("TOO_MANY_ORDERS")) return new ApiError("BODY_TOO_LARGE");
    return new ApiError(has("FOREIGN_PARTNER") ? "FORBIDDEN" : "INVALID_BODY", errors[0]?.detail, { errors });
  }
}
