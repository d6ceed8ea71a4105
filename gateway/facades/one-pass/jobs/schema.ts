/** Tables of the job journal. Money is in cents. */

export const FORMAT = 1;

/** States of a draw, as the journal writes them. */
export const DRAW = Object.freeze({ open: 0, refused: 1, paid: 2, credited: 3, unknown: 4 });

/**
 * A draw is written before its call: by a crash in between, or before its outcome is written, it is left `open`, and is called again
 * with the same transactionId, which the third party processes once. `try` counts credits that the engine definitely refused, for a
 * refused id stays refused. The view spells out the transactionIds, for whoever settles a dispute.
 */
export const SCHEMA = `
CREATE TABLE job (
  job INTEGER PRIMARY KEY, partner TEXT NOT NULL, batch_pay_id TEXT NOT NULL, nonce TEXT NOT NULL, state TEXT NOT NULL,
  created_ms INTEGER NOT NULL, done_ms INTEGER, UNIQUE (partner, batch_pay_id)
) STRICT;
CREATE TABLE user (
  job INTEGER NOT NULL REFERENCES job, user INTEGER NOT NULL, uid TEXT NOT NULL, PRIMARY KEY (job, user)
) STRICT, WITHOUT ROWID;
CREATE TABLE draw (
  job INTEGER NOT NULL, user INTEGER NOT NULL, n INTEGER NOT NULL, cents INTEGER NOT NULL, state INTEGER NOT NULL DEFAULT 0,
  paid_ms INTEGER, try INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (job, user, n)
) STRICT, WITHOUT ROWID;
CREATE VIEW call AS
  SELECT batch_pay_id, nonce || '-' || uid || '-' || n AS transaction_id, uid, cents, paid_ms,
    CASE draw.state WHEN 0 THEN 'open' WHEN 1 THEN 'refused' WHEN 2 THEN 'paid' WHEN 3 THEN 'credited' ELSE 'unknown uid' END AS state
  FROM draw JOIN user USING (job, user) JOIN job USING (job);
PRAGMA user_version = ${FORMAT};
`;
