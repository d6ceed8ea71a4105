-- Bodies for wrk: BUCKET credits a request, every id new, accounts spread over ACCOUNTS. Parts that do not change are made once.
dofile(os.getenv("COMMON"))
local bucket = tonumber(os.getenv("BUCKET") or "20")
local accounts = tonumber(os.getenv("ACCOUNTS") or "1000")
local run = "w" .. string.format("%03d", tonumber(os.getenv("RUN") or "0")) .. "-"

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
  count_request()
  count = count + 1
  local id = string.format("%09d", count)
  for i = 0, bucket - 1 do
    parts[i * 4 + 2] = id
    seed = (seed * 1103515245 + 12345) % 2147483648
    parts[i * 4 + 4] = string.format("%07d", seed % accounts) .. (i == bucket - 1 and '","amount":"10.25' or '","amount":"10.25"}')
  end
  return wrk.format(nil, nil, nil, table.concat(parts))
end
