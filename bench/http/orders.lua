-- Bodies for wrk: BUCKET orders a request as request-balance takes them, every OrderID new; the same text as bodies.ts makes.
dofile(os.getenv("COMMON"))

function init(args)
  local parts = {}
  for i = 0, bucket - 1 do
    local partner = i % 2 == 0 and "TEST" or "TEST1"
    local kind = math.floor(i / 2) % 2 == 0 and "payment" or "recharge"
    parts[i + 1] = '{"AmountRequest":200000,"PartnerCode":"' .. partner .. '","PartnerIdentification":1234,"OrderID":1' .. run ..
      string.format("%04d", number) .. "########" .. string.format("%03d", i) .. ',"TypeRequest":"' .. kind .. '"}'
  end
  prepare("[" .. table.concat(parts, ",") .. "]", 8)
end
