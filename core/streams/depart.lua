-- Remove consumers that hold nothing: those named, and those idle for long.
-- In one step: what a consumer holds would go with it.
-- KEYS: stream. ARGV: group, milliseconds, name.
local found = redis.pcall('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])
if found.err then return 0 end
local removed = 0
for _, list in ipairs(found) do
    local consumer = {}
    for i = 1, #list, 2 do consumer[list[i]] = list[i + 1] end
    local is_idle = consumer['idle'] >= tonumber(ARGV[2])
    if consumer['pending'] == 0 and (is_idle or consumer['name'] == ARGV[3]) then
        redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer['name'])
        removed = removed + 1
    end
end
return removed
