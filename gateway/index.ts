/** The gateway's door: what facades, the bench and the composition root of other processes may use. */
export { accountJson } from "./account-json.ts";
export { buildApp, type Surface } from "./app.ts";
export { type App, type GatewayDeps, type Lifecycle, partnerOf } from "./app-type.ts";
export { Authenticator } from "./auth.ts";
export { ConfigError, type Listener, readSettings, type Settings, urlOf } from "./config.ts";
export { Currencies, type Currency } from "./currencies.ts";
export { type DataLock, lockDataFolder } from "./data-lock.ts";
export { ApiError, type BodyFault, ERROR_CODES, type ErrorCode, HTTP_ERRORS, invalidBody } from "./errors.ts";
export type * from "./group.ts";
export { createLogger } from "./logger.ts";
export { Metrics } from "./metrics.ts";
export { problemHeaders, renderProblem, SECURITY_HEADERS } from "./problem.ts";
export * from "./registry/index.ts";
export { requestIdOf } from "./request-id.ts";
