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
  `CREATE TABLE IF NOT EXISTS ringfence_balances (
    partner ${NAME},
    account ${NAME},
    currency ${CURRENCY},
    group_name ${GROUP},
    scale TINYINT UNSIGNED NOT NULL,
    available ${MONEY},
    held ${MONEY},
    status ${WORD},
    version INT UNSIGNED NOT NULL,
    created_at DATETIME(3) NOT NULL,
    updated_at DATETIME(3) NOT NULL,
    PRIMARY KEY (partner, account, currency, group_name)
  ) ENGINE = InnoDB`,
  // Clustered by account: a page of history is one range, and there is no second index to keep.
  `CREATE TABLE IF NOT EXISTS ringfence_entries (
    partner ${NAME},
    account ${NAME},
    currency ${CURRENCY},
    group_name ${GROUP},
    sequence BIGINT UNSIGNED NOT NULL,
    id VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    type ${WORD},
    amount ${MONEY},
    balance ${MONEY},
    counterparty ${NAME},
    memo VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    at DATETIME(3) NOT NULL,
    PRIMARY KEY (partner, account, currency, group_name, sequence)
  ) ENGINE = InnoDB`,
  `CREATE OR REPLACE VIEW user_balances AS
    SELECT account AS uid, available AS amount, created_at, updated_at, partner, currency FROM ringfence_balances`,
];

/** Set in every session: nothing may be cut or rounded in silence, and times are UTC. */
export const SESSION =
  "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', innodb_lock_wait_timeout = 5";
