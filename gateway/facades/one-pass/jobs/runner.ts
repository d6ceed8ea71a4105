/**
 * Works batches off. Each turn of the event loop takes the replies that have come, plans what may be called next, and commits all of it
 * at once to the journal; only then the new draws are called and the paid ones credited.
 *
 *   1. plan     a draw is chosen and written to the journal, `open`
 *   2. commit   one sync for everything that the turn brought
 *   3. call     /pay with its transactionId, and again with the same one until a definite 200, 501 or 404
 *   4. settle   `paid` or `refused` is written; 2. again
 *   5. credit   a bucket of commands, sent until the engine's results come; `credited` is written
 *
 * A crash leaves a draw before 4 (it is called again: the third party processes a transactionId once) or before 5 (it is credited again:
 * the engine applies an id once).
 */
import { centsText } from "../cents.ts";
import { OPEN_UIDS_MAX, OPEN_UIDS_OF_PARTNER_MAX } from "../limits.ts";
import { Batch, creditOf, type Draw, transactionIdOf, type User } from "./batch.ts";
import { Concurrency } from "./concurrency.ts";
import { CreditQueue } from "./credit-queue.ts";
import type { FundReply } from "./fund-client.ts";
import type { JobJournal, JobRow } from "./job-journal.ts";
import type { BatchPay, Credit, CreditReply, Note, Progress, Started } from "./types.ts";

/** Milliseconds before a call is made again: doubled from the first to the last, less a random part. */
const RETRY_MS_MIN = 10;
const RETRY_MS_MAX = 2000;

/** Replies that must say that a uid is unknown before it is believed: what is given up is not looked at again. */
const UNKNOWNS = 3;

/** Milliseconds before a credit that the engine refused, as for a frozen account, is tried anew. */
const CREDIT_AGAIN_MS = 2000;

/** Refusals that leave open whether the credit was applied before: only an operator can tell. */
const UNCLEAR_REFUSALS = new Set(["TOO_OLD", "ID_REUSED"]);

/** Calls in a row without a definite reply before the operator is told, and milliseconds until he is told again. */
const TROUBLE_CALLS = 100;
const TROUBLE_MS = 60_000;

/** Milliseconds in which calls under way may end when the runner stops; an open draw is called again at the next start. */
const STOP_MS = 3000;

export interface RunnerPorts {
  readonly journal: JobJournal;
  /** Calls the third party; never rejects. */
  post(call: string, body: string): Promise<FundReply>;
  /** Sends a bucket of credits to a partner's group; never rejects. */
  credit(partner: string, credits: readonly Credit[]): Promise<CreditReply>;
  note(note: Note): void;
  /** True where the third party wants to be told of a batch's begin. */
  readonly tellsBegin: boolean;
}

export class Runner {
  readonly #ports: RunnerPorts;
  readonly #journal: JobJournal;
  readonly #batches = new Map<number, Batch>();
  readonly #concurrency = new Concurrency();
  readonly #credits: CreditQueue<Draw>;
  /** Users that may have a draw to make, each once. */
  #users: User[] = [];
  /** Draws to be called again. */
  readonly #again: Draw[] = [];
  /** What the next commit makes durable, and releases. */
  #toCall: Draw[] = [];
  #toCredit: Draw[] = [];
  #calls = 0;
  #failuresInRow = 0;
  #toldMs = Number.NEGATIVE_INFINITY;
  #commit: NodeJS.Immediate | undefined;
  #isStopping = false;

  constructor(ports: RunnerPorts) {
    this.#ports = ports;
    this.#journal = ports.journal;
    this.#credits = new CreditQueue<Draw>({
      send: ports.credit,
      creditOf,
      onResult: (draw, code) => this.#credited(draw, code),
      onInvalid: (draw, code) => draw.batch.blocked(draw, code),
    });
  }

  /** Goes on with every batch that is not done. */
  resume(): void {
    for (const row of this.#journal.unfinished()) {
      this.#ports.note({ level: "info", text: "a batch goes on", data: { batchPayId: row.batchPayId } });
      this.#adopt(row, this.#journal.uids(row.job));
    }
    this.#pump();
  }

  /** Takes a batch, durable when this returns, unless its batchPayId was there or there is no room. */
  start(batch: BatchPay): Started {
    this.#commitNow();
    if (this.#isFull(batch))
      return this.#journal.find(batch.partner, batch.batchPayId) === undefined ? "full" : "known";
    const row = this.#journal.add(batch, nowMs());
    if (row === undefined) return "known";
    this.#adopt(row, batch.uids);
    this.#pump();
    return "new";
  }

  #isFull({ partner, uids }: BatchPay): boolean {
    let open = uids.length;
    let ofPartner = uids.length;
    for (const { row, users } of this.#batches.values()) {
      open += users.length;
      if (row.partner === partner) ofPartner += users.length;
    }
    return open > OPEN_UIDS_MAX || ofPartner > OPEN_UIDS_OF_PARTNER_MAX;
  }

  /** Undefined for a batchPayId that the partner never sent. */
  progress(partner: string, batchPayId: string): Progress | undefined {
    const row = this.#journal.find(partner, batchPayId);
    if (row === undefined) return undefined;
    const batch = this.#batches.get(row.job);
    if (batch !== undefined) return batch.progress;
    const { uids, draws, drawnCents, unknown } = this.#journal.totals(row.job);
    const sums = { uids, uidsDone: uids, draws, drawnCents, creditedCents: drawnCents };
    return { state: row.state, ...sums, unknown, blocked: [] };
  }

  /** Ends calls under way, or leaves them to the next start, and makes durable what is known. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#credits.stop();
    const endMs = performance.now() + STOP_MS;
    while (this.#calls > this.#toCall.length && performance.now() < endMs) await pause(10);
    if (this.#commit !== undefined) clearImmediate(this.#commit);
    if (this.#journal.hasChanges) this.#journal.commit();
  }

  #adopt(row: JobRow, uids: readonly string[]): void {
    const batch = new Batch(row, uids);
    this.#batches.set(row.job, batch);
    const { open, paid } = batch.restore(this.#journal.draws(row.job));
    // One by one: a batch may have more open draws than a call takes arguments.
    for (const draw of open) this.#again.push(draw);
    this.#credits.add(row.partner, paid);
    if (batch.state === "beginning") void this.#begin(batch);
    else if (batch.state === "drawing") this.#draw(batch);
    else void this.#finish(batch);
  }

  async #begin(batch: Batch): Promise<void> {
    const { batchPayId, job } = batch.row;
    if (this.#ports.tellsBegin) {
      const uids = batch.users.map(({ uid }) => uid).join(",");
      const body = `{"batchPayId":${JSON.stringify(batchPayId)},"uids":[${uids}]}`;
      // 404: an edition without the call, which is optional.
      if (!(await this.#tell("batchPayBegin", body, [200, 404]))) return;
    }
    batch.state = "drawing";
    this.#journal.state(job, "drawing", nowMs());
    this.#draw(batch);
    this.#pump();
  }

  #draw(batch: Batch): void {
    for (const user of batch.users) this.#queue(user);
    if (batch.isEmptied) void this.#finish(batch);
  }

  async #finish(batch: Batch): Promise<void> {
    const { batchPayId, job } = batch.row;
    batch.state = "finishing";
    this.#journal.state(job, "finishing", nowMs());
    // Before the call: a restart must not draw again from a batch that was called finished.
    this.#commitNow();
    if (!(await this.#tell("batchPayFinish", `{"batchPayId":${JSON.stringify(batchPayId)}}`, [200]))) return;
    batch.state = "done";
    this.#journal.state(job, "done", nowMs());
    this.#commitNow();
    this.#batches.delete(job);
    const drawn = centsText(batch.progress.drawnCents);
    this.#ports.note({ level: "info", text: "a batch is done", data: { batchPayId, drawn } });
  }

  /** Calls until a believed reply has one of the codes; false when the runner stops before. */
  async #tell(call: string, body: string, codes: readonly number[]): Promise<boolean> {
    for (let failures = 0; !this.#isStopping; failures++) {
      const reply = await this.#ports.post(call, body);
      if ("code" in reply && codes.includes(reply.code)) return true;
      this.#count(reply, false);
      await pause(retryMs(failures));
    }
    return false;
  }

  #queue(user: User): void {
    if (user.isQueued || user.plan.isDone) return;
    user.isQueued = true;
    this.#users.push(user);
  }

  /** Fills the calls that may be in flight: first what is to be called again, then new draws, user by user. */
  #pump(): void {
    while (!this.#isStopping && this.#calls < this.#concurrency.limit) {
      const again = this.#again.shift();
      if (again !== undefined) {
        this.#calls++;
        this.#call(again);
        continue;
      }
      const draw = this.#nextDraw();
      if (draw === undefined) break;
      this.#calls++;
      this.#journal.open(draw.key, draw.cents);
      this.#toCall.push(draw);
    }
    if (this.#journal.hasChanges) this.#commit ??= setImmediate(() => this.#commitNow());
  }

  /** In turn, so that a large fund does not hold up small ones. */
  #nextDraw(): Draw | undefined {
    for (let user = this.#users.shift(); user !== undefined; user = this.#users.shift()) {
      user.isQueued = false;
      const draw = user.batch.nextDraw(user);
      if (draw === undefined) continue;
      this.#queue(user);
      return draw;
    }
    return undefined;
  }

  #commitNow(): void {
    if (this.#commit !== undefined) clearImmediate(this.#commit);
    this.#commit = undefined;
    if (!this.#journal.hasChanges) return;
    this.#journal.commit();
    const toCall = this.#toCall;
    const toCredit = this.#toCredit;
    this.#toCall = [];
    this.#toCredit = [];
    for (const draw of toCall) this.#call(draw);
    for (const draw of toCredit) this.#credits.add(draw.batch.row.partner, [draw]);
  }

  #call(draw: Draw): void {
    const body = `{"transactionId":"${transactionIdOf(draw)}","uid":${draw.user.uid},"amount":${centsText(draw.cents)}}`;
    void this.#ports.post("pay", body).then((reply) => this.#answered(draw, reply));
  }

  #answered(draw: Draw, reply: FundReply): void {
    this.#calls--;
    const verdict = judge(draw, reply);
    const isDefinite = verdict !== "unclear";
    this.#concurrency.count(isDefinite);
    this.#count(reply, isDefinite);
    if (verdict === "doubted") this.#again.push(draw);
    else if (verdict === "unclear") {
      setTimeout(
        () => {
          this.#again.push(draw);
          this.#pump();
        },
        retryMs(draw.failures++),
      );
      if (draw.unknowns === UNKNOWNS) this.#contradicted(draw);
    } else this.#settle(draw, verdict);
    this.#pump();
  }

  /** Nobody but the third party can tell whether this draw has moved money: it is called again until it does. */
  #contradicted(draw: Draw): void {
    draw.batch.blocked(draw, "UNKNOWN_UID");
    const data = { uid: draw.user.uid, amount: centsText(draw.cents), transactionId: transactionIdOf(draw) };
    this.#ports.note({ level: "error", text: "the third party says of a uid that it knew that it is unknown", data });
  }

  #settle(draw: Draw, verdict: "paid" | "refused" | "unknown"): void {
    const { batch, user, key } = draw;
    if (verdict === "paid") {
      draw.issuedMs = nowMs();
      this.#journal.paid(key, draw.issuedMs);
      batch.paid(draw);
      this.#toCredit.push(draw);
    } else if (verdict === "refused") {
      this.#journal.refused(key);
      batch.refused(draw);
    } else {
      this.#journal.unknownUid(key);
      batch.unknown(draw);
    }
    this.#queue(user);
    this.#look(user);
  }

  #look(user: User): void {
    const { batch } = user;
    if (batch.countIfDone(user) && batch.state === "drawing") void this.#finish(batch);
  }

  #credited(draw: Draw, code: string): void {
    const { batch, key } = draw;
    if (code === "OK") {
      this.#journal.credited(key);
      batch.credited(draw);
      this.#look(draw.user);
    } else {
      batch.blocked(draw, code);
      const data = { uid: draw.user.uid, amount: centsText(draw.cents), code, transactionId: transactionIdOf(draw) };
      const isUnclear = UNCLEAR_REFUSALS.has(code);
      const text = isUnclear ? "a drawn amount needs an operator" : "a drawn amount cannot be credited yet";
      this.#ports.note({ level: isUnclear ? "error" : "warn", text, data });
      if (!isUnclear) setTimeout(() => this.#creditAgain(draw), CREDIT_AGAIN_MS).unref();
    }
    this.#pump();
  }

  /** With a new id, for the engine remembers that it refused the old one: nothing of it was applied. */
  #creditAgain(draw: Draw): void {
    if (this.#isStopping) return;
    draw.try++;
    draw.issuedMs = nowMs();
    this.#journal.creditAgain(draw.key, draw);
    this.#toCredit.push(draw);
    this.#pump();
  }

  /** Tells the operator when the third party does not answer at all. */
  #count(reply: FundReply, isDefinite: boolean): void {
    this.#failuresInRow = isDefinite ? 0 : this.#failuresInRow + 1;
    const passedMs = performance.now();
    if (this.#failuresInRow < TROUBLE_CALLS || passedMs < this.#toldMs + TROUBLE_MS) return;
    this.#toldMs = passedMs;
    const why = "why" in reply ? reply.why : `code ${reply.code} ${reply.msg}`;
    this.#ports.note({
      level: "warn",
      text: "the third party gives no definite answer; calls are repeated",
      data: { why },
    });
  }
}

/** What a reply says of a draw; `doubted` asks for the same again at once, `unclear` after a while. */
function judge(draw: Draw, reply: FundReply): "paid" | "refused" | "unknown" | "doubted" | "unclear" {
  if (!("code" in reply)) return "unclear";
  if (reply.code === 404) return ++draw.unknowns >= UNKNOWNS && !draw.user.isKnown ? "unknown" : "unclear";
  if (reply.code !== 200 && reply.code !== 501) return "unclear";
  draw.user.isKnown = true;
  const isPaid = reply.code === 200;
  // Believed when a repeat says the same; a refusal at first is believed, for it moves nothing.
  if (draw.isDoubted && draw.wasPaid !== isPaid && (isPaid || draw.wasPaid !== undefined)) {
    draw.wasPaid = isPaid;
    return "doubted";
  }
  return isPaid ? "paid" : "refused";
}

function retryMs(failures: number): number {
  return Math.min(RETRY_MS_MIN * 2 ** Math.min(failures, 10), RETRY_MS_MAX) * (1 - Math.random() / 2);
}

/** As the wall clock at the thread's start and since then steady: a clock that is set back makes no credit too old. */
const nowMs = (): number => Math.round(performance.timeOrigin + performance.now());

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
