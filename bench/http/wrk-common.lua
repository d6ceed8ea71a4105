-- What the scripts for wrk share: requests from a template, counting by slices of time, the report.
-- The whole request stands ready in a buffer, and only digits are written into it: putting strings together took a third of the
-- generator's processor time, which the server lacked.
local bit = require("bit")
local ffi = require("ffi")
ffi.cdef [[
typedef struct { long seconds; long nanos; } ringfence_time;
int clock_gettime(int clock, ringfence_time *time);
]]
local now = ffi.new("ringfence_time")
local SLICE_MS = 100
local MONOTONIC = 1
local ACCOUNT_DIGITS = 7

bucket = tonumber(os.getenv("BUCKET") or "20")
run = string.format("%03d", tonumber(os.getenv("RUN") or "0"))
-- Stands in a body for the account's digits.
ACCOUNT = string.rep("@", ACCOUNT_DIGITS)
local accounts = tonumber(os.getenv("ACCOUNTS") or "1000")

local buffer, bytes, names, id, idDigits
local idAt, accountAt = {}, {}
local number_sent = 0
local seed = 1

-- Where a mark stands in the request's body, from 0.
local function places(request, mark)
  local found = {}
  local from = request:find("\r\n\r\n", 1, true)
  while true do
    local at = request:find(mark, from, true)
    if at == nil then return found end
    found[#found + 1] = at - 1
    from = at + #mark
  end
end

-- Makes the request ready. In `body` each run of `digits` times # stands for the request's number, ACCOUNT for an account.
function prepare(body, digits)
  wrk.method = "POST"
  wrk.path = os.getenv("PATH_AND_QUERY") or "/"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer " .. (os.getenv("KEY") or "")
  seed = number * 7919 + 17
  names = ffi.new("uint8_t[?]", accounts * ACCOUNT_DIGITS)
  for i = 0, accounts - 1 do
    ffi.copy(names + i * ACCOUNT_DIGITS, string.format("%07d", i), ACCOUNT_DIGITS)
  end
  local request = wrk.format(nil, nil, nil, body)
  bytes = #request
  buffer = ffi.new("uint8_t[?]", bytes + 1, request)
  idDigits = digits
  id = ffi.new("uint8_t[?]", digits)
  idAt = places(request, string.rep("#", digits))
  accountAt = places(request, ACCOUNT)
end

-- Writes the last `digits` digits of a number into `target`.
local function write(target, digits, value)
  for i = digits - 1, 0, -1 do
    local rest = math.floor(value / 10)
    target[i] = 48 + value - rest * 10
    value = rest
  end
end

local function milliseconds()
  ffi.C.clock_gettime(MONOTONIC, now)
  return tonumber(now.seconds) * 1000 + tonumber(now.nanos) / 1000000
end

-- Requests sent in each slice since the first one. A global, for `done` asks the thread for it.
slices = ""
local begin, slice, count = nil, 0, 0

-- Looks at the clock for one request in eight only.
local function count_request()
  count = count + 1
  if number_sent % 8 ~= 1 then return end
  local time = milliseconds()
  begin = begin or time
  local current = math.floor((time - begin) / SLICE_MS)
  while slice < current do
    slices = slices .. (slice == 0 and "" or ",") .. count
    count = 0
    slice = slice + 1
  end
end

function request()
  number_sent = number_sent + 1
  count_request()
  write(id, idDigits, number_sent)
  for i = 1, #idAt do ffi.copy(buffer + idAt[i], id, idDigits) end
  for i = 1, #accountAt do
    -- Marsaglia's xorshift32.
    seed = bit.bxor(seed, bit.lshift(seed, 13))
    seed = bit.bxor(seed, bit.rshift(seed, 17))
    seed = bit.bxor(seed, bit.lshift(seed, 5))
    ffi.copy(buffer + accountAt[i], names + bit.band(seed, 0x7fffffff) % accounts * ACCOUNT_DIGITS, ACCOUNT_DIGITS)
  end
  return ffi.string(buffer, bytes)
end

local threads = {}

function setup(thread)
  thread:set("number", #threads)
  threads[#threads + 1] = thread
end

-- One line of JSON for the benchmark, instead of wrk's text: that has no 95th percentile. Latencies in microseconds.
function done(summary, latency, requests)
  local e = summary.errors
  local p = {}
  for percentile in string.gmatch(os.getenv("DISTRIBUTION") or "50", "[^,]+") do
    local value = tonumber(percentile)
    -- wrk's own 100th percentile is 0.
    p[#p + 1] = string.format("%d", value < 100 and latency:percentile(value) or latency.max)
  end
  io.write(string.format(
    'REPORT {"requests":%d,"durationUs":%d,"bytes":%.0f,"errors":{"connect":%d,"read":%d,"write":%d,"status":%d},"timeouts":%d,' ..
      '"latencyUs":{"mean":%.1f,"stdev":%.1f,"max":%d},"distributionUs":[%s],"rate":{"stdev":%.1f,"max":%d},"slices":[%s]}\n',
    summary.requests, summary.duration, summary.bytes, e.connect, e.read, e.write, e.status, e.timeout,
    latency.mean, latency.stdev, latency.max, table.concat(p, ","), requests.stdev, requests.max, threads[1]:get("slices")
  ))
end
