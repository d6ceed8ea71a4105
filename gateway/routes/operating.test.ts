import { describe, expect, it } from "vitest";
import { GROUP_METRIC_NAMES } from "../metrics.ts";
import { testGateway } from "../testing.ts";

describe("GET /health", () => {
  it("says so while the process serves, whatever the groups do", async () => {
    const { app, group } = await testGateway();
    group.overrides = { state: "down" };
    const response = await app.inject("/health");
    expect(response.json()).toEqual({ status: "healthy", service: "ringfence", timestamp: expect.any(Number) });
    expect(Math.abs(response.json().timestamp - Date.now() / 1000)).toBeLessThan(5);
  });
});

describe("GET /ready", () => {
  it("is 200 when every group serves", async () => {
    const response = await (await testGateway()).app.inject("/ready");
    expect([response.statusCode, response.json()]).toEqual([200, { status: "ready", groups: ["g0"] }]);
  });

  it.each(["recovering", "down"] as const)("is 503 that names a group that is %s", async (state) => {
    const { app, group } = await testGateway();
    group.overrides = { state, reason: "because" };
    const response = await app.inject("/ready");
    expect([response.statusCode, response.headers["retry-after"]]).toEqual([503, "1"]);
    expect(response.json()).toMatchObject({ code: "GROUP_DOWN", detail: `Not ready: g0 is ${state} (because).` });
  });
});

describe("GET /metrics", () => {
  const scrape = async (app: { inject(url: string): PromiseLike<{ body: string }> }) =>
    (await app.inject("/metrics")).body;

  it("has every metric of every group, with what the group says at that moment", async () => {
    const { app, group } = await testGateway();
    const text = await scrape(app);
    const missing = GROUP_METRIC_NAMES.filter((name) => !text.includes(`\n${name}{group="g0"} `));
    expect(missing).toEqual([]);
    expect(text).toContain('id_horizon_seconds{group="g0"} 42.5');
    group.overrides = { commands: 999, state: "down" };
    const later = await scrape(app);
    expect(later).toContain('ringfence_commands_total{group="g0"} 999');
    expect(later).toContain('ringfence_group_serving{group="g0"} 0');
  });

  it("counts cold requests by route pattern, never by path", async () => {
    const { app, demo } = await testGateway();
    await app.inject({ url: "/v1/accounts/alice", headers: demo.headers });
    await app.inject({ url: "/v1/accounts/bob", headers: demo.headers });
    const text = await scrape(app);
    expect(text).toContain('_count{method="GET",route="/v1/accounts/:account",status="404"} 2');
    expect(text).not.toMatch(/alice|bob/);
  });

  it("counts what is in flight, the scrape itself among it, and forgets what is answered", async () => {
    const { app, deps } = await testGateway();
    const ends = [deps.metrics.begin(), deps.metrics.begin()];
    expect(await scrape(app)).toContain("\nringfence_http_requests_in_flight 3\n");
    for (const end of ends) end();
    expect(await scrape(app)).toContain("\nringfence_http_requests_in_flight 1\n");
  });

  it("has the process's own", async () => {
    expect(await scrape((await testGateway()).app)).toContain("process_cpu_seconds_total");
  });
});
