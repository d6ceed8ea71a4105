export { CREDENTIALS_FILE, type Credentials, firstStartText, updateCredentialsUrl } from "./first-start.ts";
export { digestOf } from "./keys.ts";
export { PARTNER_ID } from "./partners.ts";
export { type OpenRegistry, REGISTRY_FILE, Registry, type RegistryOptions } from "./registry.ts";
export type {
  AmountBound,
  GroupEntry,
  KeyEntry,
  NewKey,
  Partner,
  PartnerChange,
  PartnerStatus,
  Principal,
  ServicePrincipal,
  ServiceVersion,
} from "./types.ts";
