/** Partners and their keys. */
import { Type } from "typebox";
import type { App, RouteDeps } from "../app-type.ts";
import type { Partner } from "../registry/index.ts";
import { KeyShape, NewKeyShape, none } from "../schemas/admin.ts";
import { CurrencyCode, digits, Id, reply, Time } from "../schemas/common.ts";

const closed = { additionalProperties: false };
const tags = ["admin"];
const PAGE = 1000;

const Bound = Type.String({
  pattern: "^(0|[1-9][0-9]*)(\\.[0-9]{1,18})?$",
  maxLength: 30,
  description: "Decimal in major units; bounds amounts in the partner's default currency",
});
const removable = Type.Union([Bound, Type.Null()]);
const params = Type.Object({ partner: Id }, closed);

const shared = {
  group: Type.Optional(Type.String()),
  currency: Type.Optional(CurrencyCode),
  strict: Type.Optional(Type.Boolean()),
};

const PartnerShape = Type.Object({
  id: Id,
  group: Type.String(),
  currency: CurrencyCode,
  strict: Type.Boolean(),
  minAmount: Type.Optional(Bound),
  maxAmount: Type.Optional(Bound),
  status: Type.Union([Type.Literal("active"), Type.Literal("suspended")]),
  signed: Type.Union([Type.Literal("required"), Type.Literal("optional")]),
  created: Time,
  keys: Type.Array(KeyShape),
  signing: Type.Array(Type.Object({ secretId: Id, created: Time })),
});

const LIST = {
  summary: "Partners, in the order they were made",
  tags,
  querystring: Type.Object({ cursor: Type.Optional(digits("From the page before")) }, closed),
  response: {
    200: reply(
      "At most 1000 partners; `cursor` is there when more follow",
      Type.Object({ partners: Type.Array(PartnerShape), cursor: Type.Optional(Type.String()) }),
    ),
  },
};

const CREATE = {
  summary: "Makes a partner; its key is shown this once",
  tags,
  body: Type.Object({ id: Id, ...shared, minAmount: Type.Optional(Bound), maxAmount: Type.Optional(Bound) }, closed),
  response: {
    201: reply("The partner", Type.Object({ id: Id, group: Type.String(), currency: CurrencyCode, ...NewKeyShape })),
  },
};

const CHANGE = {
  summary: "Changes a partner's settings: absent keeps, null removes; the group cannot change",
  tags,
  params,
  body: Type.Object(
    {
      ...shared,
      minAmount: Type.Optional(removable),
      maxAmount: Type.Optional(removable),
      status: Type.Optional(PartnerShape.properties.status),
      signed: Type.Optional(PartnerShape.properties.signed),
    },
    { ...closed, minProperties: 1 },
  ),
  response: { 200: reply("The partner", PartnerShape) },
};

const ADD_KEY = {
  summary: "Makes a further key, at most two live ones; it is shown this once",
  tags,
  params,
  response: { 201: reply("The key", Type.Object(NewKeyShape)) },
};

const REVOKE_KEY = {
  summary: "Revokes a key at once",
  tags,
  params: Type.Object({ partner: Id, keyId: Id }, closed),
  response: { 204: none },
};

const ADD_SIGNING = {
  summary: "Makes a further secret for signing requests, at most two live ones; it is shown this once",
  tags,
  params,
  response: {
    201: reply("The secret", Type.Object({ secretId: Id, secret: Type.String({ description: "Kept encrypted" }) })),
  },
};

const REVOKE_SIGNING = {
  summary: "Revokes a signing secret at once, but not the last while requests must be signed",
  tags,
  params: Type.Object({ partner: Id, secretId: Id }, closed),
  response: { 204: none },
};

const shownKeys = (deps: RouteDeps, id: string) =>
  deps.registry.partnerKeys(id).map(({ keyId, createdMs }) => ({ keyId, created: new Date(createdMs).toISOString() }));

const shown = (deps: RouteDeps, partner: Partner) => ({
  id: partner.id,
  group: partner.group.name,
  currency: partner.currency.code,
  strict: partner.strict,
  ...(partner.minAmount === undefined ? {} : { minAmount: partner.minAmount.text }),
  ...(partner.maxAmount === undefined ? {} : { maxAmount: partner.maxAmount.text }),
  status: partner.status,
  signed: partner.signed,
  created: new Date(partner.createdMs).toISOString(),
  keys: shownKeys(deps, partner.id),
  signing: deps.registry.signingSecrets(partner).map(({ secretId, createdMs }) => ({
    secretId,
    created: new Date(createdMs).toISOString(),
  })),
});

export function adminPartnerRoutes(app: App, deps: RouteDeps): void {
  const { registry, logger } = deps;

  app.get("/v1/admin/partners", { schema: LIST }, (request) => {
    const after = Number(request.query.cursor ?? 0);
    const page = registry.partners({ after, limit: PAGE + 1 });
    const partners = page.slice(0, PAGE).map((partner) => shown(deps, partner));
    return { partners, ...(page.length > PAGE ? { cursor: String(after + PAGE) } : {}) };
  });

  app.post("/v1/admin/partners", { schema: CREATE }, (request, response) => {
    const { id, ...change } = request.body;
    const { partner, key } = registry.addPartner(id, change);
    logger.info({ requestId: request.id, partner: id, keyId: key.keyId }, "partner made");
    response.code(201);
    return { id, group: partner.group.name, currency: partner.currency.code, ...key };
  });

  app.patch("/v1/admin/partners/:partner", { schema: CHANGE }, (request) => {
    const partner = registry.changePartner(request.params.partner, request.body);
    logger.info({ requestId: request.id, partner: partner.id, change: request.body }, "partner changed");
    return shown(deps, partner);
  });

  app.post("/v1/admin/partners/:partner/keys", { schema: ADD_KEY }, (request, response) => {
    const key = registry.addPartnerKey(request.params.partner);
    logger.info({ requestId: request.id, partner: request.params.partner, keyId: key.keyId }, "partner key made");
    response.code(201);
    return key;
  });

  app.delete("/v1/admin/partners/:partner/keys/:keyId", { schema: REVOKE_KEY }, async (request, response) => {
    const { partner, keyId } = request.params;
    registry.revokePartnerKey(partner, keyId);
    logger.info({ requestId: request.id, partner, keyId }, "partner key revoked");
    response.code(204);
  });
}

/** Secrets for signed requests. */
export function adminSigningRoutes(app: App, { registry, logger }: RouteDeps): void {
  app.post("/v1/admin/partners/:partner/signing", { schema: ADD_SIGNING }, (request, response) => {
    const made = registry.addSigningSecret(request.params.partner);
    logger.info(
      { requestId: request.id, partner: request.params.partner, secretId: made.secretId },
      "signing secret made",
    );
    response.code(201);
    return made;
  });

  app.delete("/v1/admin/partners/:partner/signing/:secretId", { schema: REVOKE_SIGNING }, async (request, response) => {
    const { partner, secretId } = request.params;
    registry.revokeSigningSecret(partner, secretId);
    logger.info({ requestId: request.id, partner, secretId }, "signing secret revoked");
    response.code(204);
  });
}
