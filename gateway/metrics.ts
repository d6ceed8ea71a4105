/** Prometheus metrics. Groups count in shared memory; what they say is read when a scrape comes, and costs nothing between. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry as PromRegistry } from "prom-client";
import type { GroupDirectory, GroupStats } from "./group.ts";
import type { SecretState } from "./service-rotation.ts";
import { NO_STORES, type StoreStatus, type Stores } from "./stores.ts";

interface GroupMetric {
  readonly name: string;
  readonly help: string;
  readonly kind: "gauge" | "counter";
  readonly value: (stats: GroupStats) => number;
}

const gauge = (name: string, help: string, value: GroupMetric["value"]): GroupMetric => ({
  name,
  help,
  kind: "gauge",
  value,
});
const counter = (name: string, help: string, value: GroupMetric["value"]): GroupMetric => ({
  name,
  help,
  kind: "counter",
  value,
});

/** All metrics of a group, each with the label `group`. */
const GROUP_METRICS: readonly GroupMetric[] = [
  gauge("id_horizon_seconds", "Age of the oldest command still remembered by id.", (s) => s.idHorizonSeconds),
  gauge("ringfence_group_serving", "1 while the group takes commands, else 0.", (s) => (s.state === "serving" ? 1 : 0)),
  gauge("ringfence_sequence", "Last sequence applied.", (s) => s.sequence),
  gauge("ringfence_durable_sequence", "Last sequence on disk.", (s) => s.durable),
  gauge("ringfence_published_sequence", "Last sequence published.", (s) => s.published),
  gauge("ringfence_publish_lag", "Durable commands that are not published yet.", (s) =>
    Math.max(0, s.durable - s.published),
  ),
  gauge(
    "ringfence_publishing",
    "1 while results go to Kafka, 0 while that fails or is refused; 1 without Kafka.",
    (s) => (s.publisher === undefined || s.publisher.state === "publishing" ? 1 : 0),
  ),
  counter(
    "ringfence_publisher_errors_total",
    "Failed attempts to publish since the start.",
    (s) => s.publisher?.errors ?? 0,
  ),
  counter(
    "ringfence_published_records_total",
    "Records that Kafka has acknowledged since the start.",
    (s) => s.publisher?.records ?? 0,
  ),
  gauge("ringfence_ring_bytes", "Size of the command ring.", (s) => s.ringBytes),
  gauge("ringfence_ring_used_bytes", "Bytes of the command ring in use.", (s) => s.ringUsedBytes),
  gauge("ringfence_accounts", "Accounts, closed ones too.", (s) => s.accounts),
  gauge("ringfence_holds", "Hold rows, open ones and remembered closed ones.", (s) => s.holds),
  gauge("ringfence_remembered_commands", "Commands remembered by id.", (s) => s.remembered),
  gauge("ringfence_sync_seconds_max", "Longest sync of the journal since the start.", (s) => s.syncMsMax / 1000),
  gauge("ringfence_snapshot_sequence", "Sequence of the newest snapshot; 0 without one.", (s) => s.snapshotSequence),
  gauge("ringfence_memory_ahead_bytes", "Memory put by for commands to be remembered.", (s) => s.aheadBytes),
  gauge("ringfence_memory_ahead_mapped_bytes", "Bytes of it that are mapped.", (s) => s.aheadMappedBytes),
  gauge("ringfence_disk_free_bytes", "Free bytes on the journal's disk.", (s) => s.freeBytes),
  counter("ringfence_frames_total", "Frames written since the start.", (s) => s.frames),
  counter("ringfence_commands_total", "Commands taken since the start.", (s) => s.commands),
  counter("ringfence_journal_bytes_total", "Bytes of journal written since the start.", (s) => s.journalBytes),
  counter("ringfence_syncs_total", "Syncs of the journal since the start.", (s) => s.syncs),
  counter("ringfence_sync_seconds_total", "Time spent in syncs since the start.", (s) => s.syncMsTotal / 1000),
];

/** All metrics of a store, each with the labels `store` and `group`. */
const STORE_METRICS: readonly { name: string; help: string; value: (status: StoreStatus) => number }[] = [
  { name: "ringfence_store_watermark", help: "Last sequence that a store has applied.", value: (s) => s.watermark },
  { name: "ringfence_store_lag", help: "Durable sequences behind a store's watermark.", value: (s) => s.lag },
  {
    name: "ringfence_store_stopped",
    help: "1 while a store has stopped and an operator must look, else 0.",
    value: (s) => (s.state === "stopped" ? 1 : 0),
  },
];

/** Names of the metrics of a group, for docs and tests. */
export const GROUP_METRIC_NAMES: readonly string[] = GROUP_METRICS.map(({ name }) => name);

export class Metrics {
  readonly #registry = new PromRegistry();
  /** Answers to POST /v1/commands by status. */
  readonly #commands = new Map<number, number>();
  /** Answers to POST /balance/request-balance by status. */
  readonly #orders = new Map<number, number>();
  readonly #requests: Histogram<"method" | "route" | "status">;
  /** Requests of the cold routes that have come and are not answered yet. */
  #inFlight = 0;
  readonly #groups: GroupDirectory;
  /** What the groups said when the scrape began: one reading for all metrics, so that they fit together. */
  #scraped: readonly GroupStats[] = [];

  constructor(groups: GroupDirectory, stores: Stores = NO_STORES, secrets: () => readonly SecretState[] = () => []) {
    collectDefaultMetrics({ register: this.#registry });
    this.#groups = groups;
    for (const metric of GROUP_METRICS) this.#addGroupMetric(metric);
    this.#addCount("ringfence_command_requests_total", "Answers to POST /v1/commands, by status.", this.#commands);
    this.#addCount(
      "ringfence_order_requests_total",
      "Answers to POST /balance/request-balance, by status.",
      this.#orders,
    );
    this.#addStoreMetrics(stores);
    this.#addSecretMetrics(secrets);
    this.#addInFlightMetric();
    this.#requests = new Histogram({
      name: "ringfence_http_request_seconds",
      help: "Time to answer a request, by route pattern; POST /v1/commands, POST /balance/request-balance and event streams are not in it.",
      labelNames: ["method", "route", "status"],
      // From a memory read to a long poll of 30 seconds.
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 35],
      registers: [this.#registry],
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Counts one answered request. `route` is the pattern, never the path, so that labels stay few. */
  observe({
    method,
    route,
    status,
    seconds,
  }: {
    method: string;
    route: string;
    status: number;
    seconds: number;
  }): void {
    this.#requests.observe({ method, route, status }, seconds);
  }

  /** Counts a request that has come; call what it returns when its answer is sent or its client is gone. */
  begin(): () => void {
    this.#inFlight++;
    return () => {
      this.#inFlight--;
    };
  }

  /** Counts one answer of POST /v1/commands: an addition, for a histogram costs as much as the scanner. */
  countCommands(status: number): void {
    this.#commands.set(status, (this.#commands.get(status) ?? 0) + 1);
  }

  /** As `countCommands`, of POST /balance/request-balance. */
  countOrders(status: number): void {
    this.#orders.set(status, (this.#orders.get(status) ?? 0) + 1);
  }

  /** The exposition text. */
  text(): Promise<string> {
    this.#scraped = this.#groups.all().map((group) => group.stats());
    return this.#registry.metrics();
  }

  #addCount(name: string, help: string, counts: ReadonlyMap<number, number>): void {
    const metric: Counter<"status"> = new Counter({
      name,
      help,
      labelNames: ["status"],
      registers: [this.#registry],
      collect: () => {
        metric.reset();
        for (const [status, count] of counts) metric.inc({ status: String(status) }, count);
      },
    });
  }

  #addSecretMetrics(secrets: () => readonly SecretState[]): void {
    const labelNames = ["service"] as const;
    const current = () => secrets().filter((secret) => secret.current);
    const age: Gauge<"service"> = new Gauge({
      name: "ringfence_service_secret_age_seconds",
      help: "Age of a service's newest secret.",
      labelNames,
      registers: [this.#registry],
      collect: () => {
        age.reset();
        for (const { id, createdMs } of current()) age.set({ service: id }, (Date.now() - createdMs) / 1000);
      },
    });
    const due: Gauge<"service"> = new Gauge({
      name: "ringfence_service_secret_due",
      help: "1 when a service's newest secret is due to be replaced, else 0.",
      labelNames,
      registers: [this.#registry],
      collect: () => {
        due.reset();
        for (const secret of current()) due.set({ service: secret.id }, secret.due ? 1 : 0);
      },
    });
  }

  #addInFlightMetric(): void {
    const metric: Gauge = new Gauge({
      name: "ringfence_http_requests_in_flight",
      help: "Requests that are not answered yet, this scrape among them; POST /v1/commands is not in it.",
      registers: [this.#registry],
      collect: () => metric.set(this.#inFlight),
    });
  }

  #addStoreMetrics(stores: Stores): void {
    for (const { name, help, value } of STORE_METRICS) {
      const metric: Gauge<"store" | "group"> = new Gauge({
        name,
        help,
        labelNames: ["store", "group"],
        registers: [this.#registry],
        collect: async () => {
          for (const status of await stores.status()) {
            metric.set({ store: status.name, group: status.group }, value(status));
          }
        },
      });
    }
  }

  #addGroupMetric({ name, help, kind, value }: GroupMetric): void {
    const options = { name, help, labelNames: ["group"] as const, registers: [this.#registry] };
    if (kind === "gauge") {
      const metric: Gauge<"group"> = new Gauge({
        ...options,
        collect: () => {
          for (const stats of this.#scraped) metric.set({ group: stats.name }, value(stats));
        },
      });
      return;
    }
    const metric: Counter<"group"> = new Counter({
      ...options,
      collect: () => {
        // The group counts; prom-client only shows its count, and can do so only from zero.
        metric.reset();
        for (const stats of this.#scraped) metric.inc({ group: stats.name }, value(stats));
      },
    });
  }
}
