/**
 * The scripts that change a group's keys. Redis runs a script alone and whole, and its effects reach disk and replicas as one.
 *
 * Whoever empties a group holds its lock, with a token in it that is new each time, from before the watermark goes until the first batch or the end
 * of a seeding is written. Meanwhile nobody else's script changes anything; and one that has lost the lock, because it stood still
 * longer than the lock lives, neither: it would delete or overwrite what its successor has written.
 */

/**
 * Applies a batch if the watermark is the one it was made for; otherwise changes nothing. Returns 1, or 0 when the watermark is
 * another one, or -1 when the lock is another's, or the group is empty and the lock not one's own. Ends one's own lock.
 *
 * KEYS: watermark, lock; then for each account its balance and its entries.
 * ARGV: expected sequence, sequence, epoch, journal, entries kept, token of the lock or ''; then for each account available, held, status, version,
 * updated at, created at, number of new entries, and these, oldest first.
 */
export const APPLY = `
local lock = redis.call('GET', KEYS[2])
if lock and lock ~= ARGV[6] then return -1 end
local now = redis.call('HGET', KEYS[1], 'sequence') or '0'
if now ~= ARGV[1] then return 0 end
if now == '0' and not lock then return -1 end
local keep = tonumber(ARGV[5])
local a = 7
for k = 3, #KEYS, 2 do
  local count = tonumber(ARGV[a + 6])
  redis.call('HSET', KEYS[k], 'available', ARGV[a], 'held', ARGV[a + 1], 'status', ARGV[a + 2], 'version', ARGV[a + 3],
    'updated_at', ARGV[a + 4])
  if ARGV[a + 5] ~= '' then redis.call('HSET', KEYS[k], 'created_at', ARGV[a + 5]) end
  if count > 0 then
    local length
    -- unpack is bounded by Lua's stack.
    for from = a + 7, a + 6 + count, 1000 do
      length = redis.call('LPUSH', KEYS[k + 1], unpack(ARGV, from, math.min(from + 999, a + 6 + count)))
    end
    if length > keep then redis.call('LTRIM', KEYS[k + 1], 0, keep - 1) end
  end
  a = a + 7 + count
end
redis.call('HSET', KEYS[1], 'sequence', ARGV[2], 'epoch', ARGV[3], 'journal', ARGV[4])
if lock then redis.call('DEL', KEYS[2]) end
return 1
`;

/**
 * Takes the group's lock, which may be one's own of before, and the watermark away: first, so that what is left of an emptying that
 * broke off is not taken for a whole store. Returns 1, or -1 when the lock is another's. KEYS: watermark, lock. ARGV: token, ms, own
 * token of before or ''.
 */
export const BEGIN = `
local lock = redis.call('GET', KEYS[2])
if lock and lock ~= ARGV[3] then return -1 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
redis.call('UNLINK', KEYS[1])
return 1
`;

/** Deletes keys under one's own lock, and prolongs it. Returns 1, or -1 when the lock is lost. KEYS: lock, keys. ARGV: token, ms. */
export const CLEAR = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
for k = 2, #KEYS do redis.call('UNLINK', KEYS[k]) end
return 1
`;

/**
 * Writes balances under one's own lock, and prolongs it. Returns 1, or -1 when the lock is lost.
 *
 * KEYS: lock, balances. ARGV: token, ms; then for each balance available, held, status, version, updated at.
 */
export const SEED = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
for k = 2, #KEYS do
  local a = 3 + (k - 2) * 5
  redis.call('HSET', KEYS[k], 'available', ARGV[a], 'held', ARGV[a + 1], 'status', ARGV[a + 2], 'version', ARGV[a + 3],
    'updated_at', ARGV[a + 4], 'created_at', 0)
end
return 1
`;

/** Ends one's own lock. Returns 1, or -1 when it is lost. KEYS: lock. ARGV: token. */
export const UNLOCK = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
redis.call('DEL', KEYS[1])
return 1
`;
