-- wrk sends this order: method, run, body. Each body carries digits that no other of the run does; the last line of what
-- it prints is a bench.load.Outcome as JSON, requests that broke off as status 0.
local threads, answers = 0, {}

function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
  table.insert(answers, thread)
end

function init(args)
  method, run, body, sent, statuses = args[1], args[2], args[3], 0, {}
end

function request()
  if body == "" then return wrk.format(method) end
  sent = sent + 1
  local unique = string.format("%04d%04d%08d", run, id, sent)
  return wrk.format(method, nil, nil, (body:gsub("{unique}", unique)))
end

function response(status)
  local key = tostring(status)
  statuses[key] = (statuses[key] or 0) + 1
end

function done(summary, latency)
  local total = {}
  for _, thread in ipairs(answers) do
    for status, count in pairs(thread:get("statuses")) do total[status] = (total[status] or 0) + count end
  end
  local parts = {}
  for status, count in pairs(total) do table.insert(parts, string.format('"%s": %d', status, count)) end
  local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  if errors > 0 then table.insert(parts, string.format('"0": %d', errors)) end
  io.write(string.format('\n{"seconds": %.6f, "statuses": {%s}, "p50": %.6f, "p99": %.6f}\n',
    summary.duration / 1e6, table.concat(parts, ", "), latency:percentile(50) / 1e6, latency:percentile(99) / 1e6))
end
