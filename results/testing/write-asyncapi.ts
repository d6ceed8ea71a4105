/** Writes `docs/asyncapi.yaml` anew after a change of the schemas: `node results/testing/write-asyncapi.ts`. */
import { writeFileSync } from "node:fs";
import { asyncApiText } from "./asyncapi.ts";

writeFileSync(new URL("../../docs/asyncapi.yaml", import.meta.url), asyncApiText());
