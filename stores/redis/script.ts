/** The scripts that change a group's keys. Redis runs a script alone and whole, and its effects reach disk and replicas as one. */

/**
 * Applies a batch if the watermark is the one it was made for; otherwise changes nothing. Returns 1, or 0 when the watermark is
 * another one.
 *
 * KEYS: watermark; then for each account its balance and its entries.
 * ARGV: expected sequence, sequence, epoch, journal, entries kept; then for each account available, held, status, version, updated
 * at, created at, number of new entries, and these, oldest first.
 */
export const APPLY = `
local now = redis.call('HGET', KEYS[1], 'sequence') or '0'
if now ~= ARGV[1] then return 0 end
local keep = tonumber(ARGV[5])
local a = 6
for k = 2, #KEYS, 2 do
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
return 1
`;
