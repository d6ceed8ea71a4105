/** Admin keys, internal services, currencies. */
import { Type } from "typebox";
import { SCALE_MAX } from "../../engine/index.ts";
import type { App, RouteDeps } from "../app-type.ts";
import { KeyShape, NewKeyShape, none } from "../schemas/admin.ts";
import { CurrencyCode, Id, reply, Time } from "../schemas/common.ts";
import { secretStates } from "../service-rotation.ts";

const closed = { additionalProperties: false };
const tags = ["admin"];
const CurrencyShape = Type.Object(
  { code: CurrencyCode, scale: Type.Integer({ minimum: 0, maximum: SCALE_MAX }) },
  closed,
);
const version = Type.String({ pattern: "^[1-9][0-9]{0,8}$" });

const ServiceShape = Type.Object(
  {
    id: Id,
    version: Type.Integer({ minimum: 1 }),
    created: Time,
    current: Type.Boolean({ description: "The newest live version" }),
    due: Type.Boolean({ description: "The newest, and older than RINGFENCE_SERVICE_ROTATION_DAYS" }),
    ends: Type.Optional({ ...Time, description: "When it is revoked, for there is a newer one" }),
  },
  closed,
);

const KEYS = {
  summary: "Live admin keys",
  tags,
  response: { 200: reply("Keys, oldest first", Type.Object({ keys: Type.Array(KeyShape) })) },
};
const ADD_KEY = {
  summary: "Makes the next admin key, at most two live ones; it is shown this once",
  tags,
  response: { 201: reply("The key", Type.Object(NewKeyShape)) },
};
const REVOKE_KEY = {
  summary: "Revokes an admin key at once, but never the last",
  tags,
  params: Type.Object({ keyId: Id }, closed),
  response: { 204: none },
};
const SERVICES = {
  summary: "Live versions of internal services' secrets",
  tags,
  response: {
    200: reply("Versions", Type.Object({ services: Type.Array(ServiceShape) })),
  },
};
const ADD_SERVICE = {
  summary: "Makes a service's next secret, at most two live versions; it is shown this once",
  tags,
  body: Type.Object({ id: Id }, closed),
  response: {
    201: reply("The secret", Type.Object({ id: Id, version: Type.Integer({ minimum: 1 }), secret: Type.String() })),
  },
};
const REVOKE_SERVICE = {
  summary: "Revokes a version of a service's secret at once",
  tags,
  params: Type.Object({ service: Id, version }, closed),
  response: { 204: none },
};
const CURRENCIES = {
  summary: "Registered currencies; those of ISO 4217 are known without",
  tags,
  response: { 200: reply("Currencies", Type.Object({ currencies: Type.Array(CurrencyShape) })) },
};
const ADD_CURRENCY = {
  summary: "Registers a currency for good; its scale never changes",
  tags,
  body: CurrencyShape,
  response: { 201: reply("The currency", CurrencyShape) },
};

export function adminKeyRoutes(app: App, { registry, logger }: RouteDeps): void {
  app.get("/v1/admin/keys", { schema: KEYS }, () => ({
    keys: registry.adminKeys().map(({ keyId, createdMs }) => ({ keyId, created: new Date(createdMs).toISOString() })),
  }));

  app.post("/v1/admin/keys", { schema: ADD_KEY }, (request, response) => {
    const key = registry.addAdminKey();
    logger.info({ requestId: request.id, keyId: key.keyId }, "admin key made");
    response.code(201);
    return key;
  });

  app.delete("/v1/admin/keys/:keyId", { schema: REVOKE_KEY }, async (request, response) => {
    registry.revokeAdminKey(request.params.keyId);
    logger.info({ requestId: request.id, keyId: request.params.keyId }, "admin key revoked");
    response.code(204);
  });
}

export function adminServiceRoutes(app: App, { registry, logger, settings }: RouteDeps): void {
  app.get("/v1/admin/services", { schema: SERVICES }, () => ({
    services: secretStates(registry.services(), settings.services, Date.now()).map((state) => ({
      id: state.id,
      version: state.version,
      created: new Date(state.createdMs).toISOString(),
      current: state.current,
      due: state.due,
      ...(state.endsMs === undefined ? {} : { ends: new Date(state.endsMs).toISOString() }),
    })),
  }));

  app.post("/v1/admin/services", { schema: ADD_SERVICE }, (request, response) => {
    const made = registry.addService(request.body.id);
    logger.info({ requestId: request.id, service: made.id, version: made.version }, "service secret made");
    response.code(201);
    return made;
  });

  app.delete("/v1/admin/services/:service/versions/:version", { schema: REVOKE_SERVICE }, async (request, response) => {
    const { service, version: text } = request.params;
    registry.revokeService(service, Number(text));
    logger.info({ requestId: request.id, service, version: text }, "service secret revoked");
    response.code(204);
  });
}

export function adminCurrencyRoutes(app: App, { registry, logger }: RouteDeps): void {
  app.get("/v1/admin/currencies", { schema: CURRENCIES }, () => ({
    currencies: registry.registeredCurrencies().map(({ code, scale }) => ({ code, scale })),
  }));

  app.post("/v1/admin/currencies", { schema: ADD_CURRENCY }, (request, response) => {
    const { code, scale } = registry.addCurrency(request.body);
    logger.info({ requestId: request.id, code, scale }, "currency registered");
    response.code(201);
    return { code, scale };
  });
}
