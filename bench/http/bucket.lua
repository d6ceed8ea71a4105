-- Bodies for wrk: BUCKET credits a request, every id new, accounts spread over ACCOUNTS. The whole request stands ready in a buffer, and
-- only digits are written into it: putting strings together took a third of the generator's processor time, which the server lacked.
local bit = require("bit")
local ffi = require("ffi")
local bucket = tonumber(os.getenv("BUCKET") or "20")
local accounts = tonumber(os.getenv("ACCOUNTS") or "1000")
local run = os.getenv("RUN") or "r"
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local ID_DIGITS = 9
local ACCOUNT_DIGITS = 7
local buffer, bytes, names
local id = ffi.new("uint8_t[?]", ID_DIGITS)
local idAt, accountAt = {}, {}
local count = 0
local seed = 1

function init(args)
  wrk.method = "POST"
  wrk.path = os.getenv("PATH_AND_QUERY") or "/v1/commands"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer " .. (os.getenv("KEY") or "")
  seed = number * 7919 + 17
  names = ffi.new("uint8_t[?]", accounts * ACCOUNT_DIGITS)
  for i = 0, accounts - 1 do
    ffi.copy(names + i * ACCOUNT_DIGITS, string.format("%07d", i), ACCOUNT_DIGITS)
  end
  local parts = {}
  for i = 0, bucket - 1 do
    parts[i + 1] = '{"id":"' .. run .. number .. "-" .. string.rep("#", ID_DIGITS) .. string.format("-%04d", i) ..
      '","type":"credit","account":"acc-' .. string.rep("@", ACCOUNT_DIGITS) .. '","amount":"10.25"}'
  end
  local request = wrk.format(nil, nil, nil, '{"commands":[' .. table.concat(parts, ",") .. "]}")
  bytes = #request
  buffer = ffi.new("uint8_t[?]", bytes + 1, request)
  local from = request:find("\r\n\r\n", 1, true)
  for i = 0, bucket - 1 do
    idAt[i] = request:find("#", from, true) - 1
    accountAt[i] = request:find("@", from, true) - 1
    from = accountAt[i] + ACCOUNT_DIGITS + 1
  end
end

-- Writes the last `digits` digits of a number into `target` from an offset on.
local function write(target, at, digits, number)
  for i = at + digits - 1, at, -1 do
    local rest = math.floor(number / 10)
    target[i] = 48 + number - rest * 10
    number = rest
  end
end

function request()
  count = count + 1
  write(id, 0, ID_DIGITS, count)
  for i = 0, bucket - 1 do
    ffi.copy(buffer + idAt[i], id, ID_DIGITS)
    -- Marsaglia's xorshift32.
    seed = bit.bxor(seed, bit.lshift(seed, 13))
    seed = bit.bxor(seed, bit.rshift(seed, 17))
    seed = bit.bxor(seed, bit.lshift(seed, 5))
    ffi.copy(buffer + accountAt[i], names + bit.band(seed, 0x7fffffff) % accounts * ACCOUNT_DIGITS, ACCOUNT_DIGITS)
  end
  return ffi.string(buffer, bytes)
end

-- One line of JSON for the benchmark, instead of wrk's text: that has no 95th percentile. Latencies in microseconds.
function done(summary, latency, requests)
  local e = summary.errors
  local p = {}
  for i, percentile in ipairs({ 50, 75, 90, 95, 99 }) do
    p[i] = string.format("%d", latency:percentile(percentile))
  end
  io.write(string.format(
    'REPORT {"requests":%d,"durationUs":%d,"bytes":%.0f,"errors":{"connect":%d,"read":%d,"write":%d,"status":%d},"timeouts":%d,' ..
      '"latencyUs":{"mean":%.1f,"stdev":%.1f,"max":%d},"percentilesUs":[%s],"rate":{"stdev":%.1f,"max":%d}}\n',
    summary.requests, summary.duration, summary.bytes, e.connect, e.read, e.write, e.status, e.timeout,
    latency.mean, latency.stdev, latency.max, table.concat(p, ","), requests.stdev, requests.max
  ))
end
