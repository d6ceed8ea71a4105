-- Bodies for wrk: BUCKET credits a request, every id new, accounts spread over ACCOUNTS. Parts that do not change are made once.
local bucket = tonumber(os.getenv("BUCKET") or "20")
local accounts = tonumber(os.getenv("ACCOUNTS") or "1000")
local run = os.getenv("RUN") or "r"
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local parts = {}
local count = 0
local seed = 1

function init(args)
  wrk.method = "POST"
  wrk.path = os.getenv("PATH_AND_QUERY") or "/v1/commands"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer " .. (os.getenv("KEY") or "")
  seed = number * 7919 + 17
  for i = 0, bucket - 1 do
    parts[i * 4 + 1] = (i == 0 and '{"commands":[' or ',') .. '{"id":"' .. run .. number .. "-"
    parts[i * 4 + 3] = string.format("-%04d", i) .. '","type":"credit","account":"acc-'
  end
  parts[bucket * 4 + 1] = '"}]}'
end

function request()
  count = count + 1
  local id = string.format("%09d", count)
  for i = 0, bucket - 1 do
    parts[i * 4 + 2] = id
    seed = (seed * 1103515245 + 12345) % 2147483648
    parts[i * 4 + 4] = string.format("%07d", seed % accounts) .. (i == bucket - 1 and '","amount":"10.25' or '","amount":"10.25"}')
  end
  return wrk.format(nil, nil, nil, table.concat(parts))
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
