-- Bodies for wrk: BUCKET orders a request as request-balance takes them, every OrderID new; the same text as `OrderBytes` makes.
dofile(os.getenv("COMMON"))
local bucket = tonumber(os.getenv("BUCKET") or "20")
local run = string.format("%03d", tonumber(os.getenv("RUN") or "0"))

local parts = {}
local count = 0

function init(args)
  wrk.method = "POST"
  wrk.path = os.getenv("PATH_AND_QUERY") or "/balance/request-balance"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer " .. (os.getenv("KEY") or "")
  for i = 0, bucket - 1 do
    local partner = i % 2 == 0 and "TEST" or "TEST1"
    local kind = math.floor(i / 2) % 2 == 0 and "payment" or "recharge"
    parts[i * 3 + 1] = (i == 0 and "[" or "") .. '{"AmountRequest":200000,"PartnerCode":"' .. partner ..
      '","PartnerIdentification":1234,"OrderID":1' .. run .. string.format("%04d", number)
    parts[i * 3 + 3] = string.format("%03d", i) .. ',"TypeRequest":"' .. kind .. '"}' .. (i == bucket - 1 and "]" or ",")
  end
end

function request()
  count_request()
  count = count + 1
  local id = string.format("%08d", count)
  for i = 0, bucket - 1 do
    parts[i * 3 + 2] = id
  end
  return wrk.format(nil, nil, nil, table.concat(parts))
end
