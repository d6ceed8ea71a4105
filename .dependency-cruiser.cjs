/** Import direction: the folders are the boxes of the data flow, and arrows never point left. See docs/ARCHITECTURE.md. */
const INNER = "^(engine|journal|results|stores|gateway)/";
const TESTS = "(\\.test\\.ts$|/testing/|/testing\\.ts$|/fakes/|/e2e/|^engine/model/|^bench/torture/)";

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    { name: "no-orphans", severity: "error", from: { orphan: true, pathNot: "(\\.test\\.ts|\\.config\\.ts|\\.cjs|bench/|/testdata/)" }, to: {} },
    { name: "unresolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "engine-imports-nothing",
      comment: "The engine is a deterministic machine: no clock, no files, no network.",
      severity: "error",
      from: { path: "^engine/", pathNot: TESTS },
      to: { pathNot: "^engine/" },
    },
    {
      name: "journal-knows-records-only",
      severity: "error",
      from: { path: "^journal/", pathNot: TESTS },
      to: { path: "^(results|stores|gateway|bench)/" },
    },
    {
      name: "results-read-the-journal",
      severity: "error",
      from: { path: "^results/", pathNot: TESTS },
      to: { path: "^(stores|gateway|bench)/" },
    },
    {
      name: "stores-know-messages-only",
      comment: "A store lives on result messages alone, so that it may run anywhere.",
      severity: "error",
      from: { path: "^stores/", pathNot: TESTS },
      to: { path: "^(engine|journal|results|gateway|bench)/" },
    },
    { name: "nothing-imports-bench", severity: "error", from: { path: INNER }, to: { path: "^bench/" } },
    {
      name: "one-door-a-folder",
      comment: "Other folders are entered by index.ts.",
      severity: "error",
      from: { path: "^([a-z]+)/", pathNot: TESTS },
      to: { path: "^(engine|journal|results|stores|gateway)/", pathNot: ["^$1/", "^[a-z]+/(testing/)?index\\.ts$"] },
    },
    {
      name: "facades-apart",
      comment: "A facade is a thin translation: it may use the gateway's files, never another facade.",
      severity: "error",
      from: { path: "^gateway/facades/([^/]+)/" },
      to: { path: "^gateway/facades/[^/]+/", pathNot: "^gateway/facades/$1/" },
    },
    {
      name: "tests-stay-in-tests",
      severity: "error",
      from: { path: INNER, pathNot: TESTS },
      to: { path: TESTS },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default"] },
  },
};
