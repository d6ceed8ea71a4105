/**
 * Tables of the MySQL/MariaDB store. Names and codes are compared byte by byte. DECIMAL(45, 18) takes every amount of the engine:
 * 27 digits before the point and 18 behind it; `scale` is how many of them the currency has.
 */

const NAME = "VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL";
const GROUP = "VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL";
const CURRENCY = "VARCHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL";
const WORD = "VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL";
const MONEY = "DECIMAL(45, 18) NOT NULL";

export const SCHEMA: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS ringfence_watermarks (
    group_name ${GROUP} PRIMARY KEY,
    sequence BIGINT UNSIGNED NOT NULL,
    epoch BIGINT UNSIGNED NOT NULL,
    journal ${WORD}
  ) ENGINE = InnoDB`,
  // Names once, for everything else refers to an account by its number: keys of several texts cost more than all else of a row.
  // Rows are only ever added, so that a number never comes to mean another account.
  `CREATE TABLE IF NOT EXISTS ringfence_accounts (
    account_no INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    account ${NAME},
    partner ${NAME},
    currency ${CURRENCY},
    group_name ${GROUP},
    created_at DATETIME(3) NOT NULL,
    UNIQUE KEY (account, partner, currency, group_name)
  ) ENGINE = InnoDB`,
  `CREATE TABLE IF NOT EXISTS ringfence_balances (
    account_no INT UNSIGNED NOT NULL PRIMARY KEY,
    scale TINYINT UNSIGNED NOT NULL,
    available ${MONEY},
    held ${MONEY},
    status ${WORD},
    version INT UNSIGNED NOT NULL,
    updated_at DATETIME(3) NOT NULL
  ) ENGINE = InnoDB`,
  // Clustered by account: a page of history is one range, and there is no second index to keep.
  `CREATE TABLE IF NOT EXISTS ringfence_entries (
    account_no INT UNSIGNED NOT NULL,
    sequence BIGINT UNSIGNED NOT NULL,
    id VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    type ${WORD},
    amount ${MONEY},
    balance ${MONEY},
    counterparty ${NAME},
    memo VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    at DATETIME(3) NOT NULL,
    PRIMARY KEY (account_no, sequence)
  ) ENGINE = InnoDB`,
  `CREATE OR REPLACE VIEW user_balances AS
    SELECT a.account AS uid, b.available AS amount, a.created_at, b.updated_at, a.partner, a.currency
    FROM ringfence_balances b JOIN ringfence_accounts a ON a.account_no = b.account_no`,
];

/** Counts what only the first layout of the tables had: balances with the account's name. */
export const FIRST_LAYOUT = `SELECT COUNT(*) AS found FROM information_schema.columns
  WHERE table_schema = DATABASE() AND table_name = 'ringfence_balances' AND column_name = 'partner'`;

/**
 * Set in every session: nothing may be cut or rounded in silence, and times are UTC. Without gap locks, which would let groups
 * deadlock over neighbouring keys.
 */
export const SESSION: readonly string[] = [
  "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', innodb_lock_wait_timeout = 5",
  "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
];
