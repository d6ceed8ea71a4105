-- Bodies for wrk: BUCKET credits a request, every id new, accounts spread over ACCOUNTS.
dofile(os.getenv("COMMON"))

function init(args)
  local parts = {}
  for i = 0, bucket - 1 do
    parts[i + 1] = '{"id":"w' .. run .. "-" .. number .. "-#########-" .. string.format("%04d", i) ..
      '","type":"credit","account":"acc-' .. ACCOUNT .. '","amount":"10.25"}'
  end
  prepare('{"commands":[' .. table.concat(parts, ",") .. "]}", 9)
end
