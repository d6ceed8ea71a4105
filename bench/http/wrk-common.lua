-- What the scripts for wrk share: counting requests by slices of time, and the report.
local ffi = require("ffi")
ffi.cdef [[
typedef struct { long seconds; long nanos; } ringfence_time;
int clock_gettime(int clock, ringfence_time *time);
]]
local now = ffi.new("ringfence_time")
local SLICE_MS = 100
local MONOTONIC = 1

local function milliseconds()
  ffi.C.clock_gettime(MONOTONIC, now)
  return tonumber(now.seconds) * 1000 + tonumber(now.nanos) / 1000000
end

-- Requests sent in each slice since the first one. A global, for `done` asks the thread for it.
slices = ""
local begin, slice, count, calls = nil, 0, 0, 0

-- Called for every request; looks at the clock for one in eight only.
function count_request()
  count = count + 1
  calls = calls + 1
  if calls % 8 ~= 1 then return end
  local time = milliseconds()
  begin = begin or time
  local current = math.floor((time - begin) / SLICE_MS)
  while slice < current do
    slices = slices .. (slice == 0 and "" or ",") .. count
    count = 0
    slice = slice + 1
  end
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
