import { tuneCompiler } from "../gateway/thread/tuning.ts";
import { Feed } from "./micro/feed.ts";
import { Random } from "./records.ts";

tuneCompiler();
const accounts = Number(process.argv[2] ?? 1),
  horizon = Number(process.argv[3] ?? 2000),
  n = Number(process.argv[4] ?? 1_000_000);
const feed = new Feed({ bucket: 20, horizon });
feed.upTo(Math.max(accounts, horizon + 100000), (id) => id % accounts);
const random = new Random(42);
const pick = accounts === 1 ? () => 0 : () => random.below(accounts);
const t: number[] = [];
for (let r = 0; r < 8; r++) {
  const c = feed.count;
  const ms = feed.upTo(c + n, pick);
  t.push(Math.round((ms * 1e6) / (feed.count - c)));
}
console.log(`accounts ${accounts} horizon ${horizon}: min ${Math.min(...t)} ns`, t.join(" "));
