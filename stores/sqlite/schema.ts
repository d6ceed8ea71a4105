/**
 * The embedded store's tables. Entries are only ever appended, and each names the account's entry before it: so history needs
 * no index, whose random writes would cost more than all else, and is read newest first along the chain. What changes with each
 * result is apart from the names, which never do: a batch touches accounts at random, and every page it touches is written.
 */

/** `PRAGMA user_version` of this schema. Another one is not read: the store is rebuilt instead. */
export const SCHEMA_VERSION = 2;

export const SCHEMA = `
CREATE TABLE watermarks (
  group_name TEXT PRIMARY KEY,
  sequence INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  journal TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
  id INTEGER PRIMARY KEY,
  group_name TEXT NOT NULL,
  partner TEXT NOT NULL,
  currency TEXT NOT NULL,
  account TEXT NOT NULL,
  created_at INTEGER NOT NULL,  -- ms since 1970, 0: taken from a snapshot
  UNIQUE (account, partner, currency, group_name)
) STRICT;

CREATE TABLE balances (
  account INTEGER PRIMARY KEY,  -- id of the account
  available TEXT NOT NULL,  -- decimal in major units: 27 digits fit no INTEGER
  held TEXT NOT NULL,
  status TEXT NOT NULL,
  version INTEGER NOT NULL,
  newest INTEGER NOT NULL,  -- id of the newest entry, 0: none
  updated_at INTEGER NOT NULL  -- ms since 1970
) STRICT;

CREATE TABLE entries (
  id INTEGER PRIMARY KEY,
  account INTEGER NOT NULL,
  older INTEGER NOT NULL,  -- id of the account's entry before this one, 0: none
  sequence INTEGER NOT NULL,
  command TEXT NOT NULL,
  type TEXT NOT NULL,
  amount TEXT NOT NULL,
  balance TEXT NOT NULL,
  counterparty TEXT NOT NULL,
  memo TEXT,
  at INTEGER NOT NULL
) STRICT;

CREATE VIEW user_balances AS
  SELECT accounts.account AS uid, available AS amount,
    strftime('%Y-%m-%d %H:%M:%f', created_at / 1000.0, 'unixepoch') AS created_at,
    strftime('%Y-%m-%d %H:%M:%f', updated_at / 1000.0, 'unixepoch') AS updated_at,
    partner, currency
  FROM accounts JOIN balances ON balances.account = accounts.id;

PRAGMA user_version = ${SCHEMA_VERSION};
`;
