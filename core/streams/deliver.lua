-- Hand a consumer the group's next entries and tell what was removed before the group
-- got it: in one step, since a stream may be trimmed at any time and the group's place
-- moves past the gap. KEYS: stream. ARGV: group, consumer, count.
-- Returns nothing without the group, else {lost, deleted, place, last, entries}:
-- entries lost by trimming (-1: some, nobody knows how many), the highest id deleted
-- one by one that the group had not got (or ''), the group's place before, the
-- stream's last id, the entries.

local function fields(list)
    local found = {}
    for i = 1, #list, 2 do found[list[i]] = list[i + 1] end
    return found
end

-- Numbers in Lua would not hold 64 bits.
local function is_before(one, other)
    local ms, seq = string.match(one, '(%d+)-(%d+)')
    local other_ms, other_seq = string.match(other, '(%d+)-(%d+)')
    if ms == other_ms then ms, other_ms = seq, other_seq end
    if #ms ~= #other_ms then return #ms < #other_ms end
    return ms < other_ms
end

local reply = redis.pcall('XINFO', 'STREAM', KEYS[1])
if reply.err then
    if string.find(reply.err, 'no such key') then return false end
    return reply
end
local stream, group = fields(reply), nil
for _, found in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
    found = fields(found)
    if found['name'] == ARGV[1] then group = found end
end
if not group then return false end

local place, last = group['last-delivered-id'], stream['last-generated-id']
local added, length = stream['entries-added'], stream['length']
local lost, deleted = 0, ''
if is_before(place, last) then
    if is_before(place, stream['max-deleted-entry-id']) then
        deleted = stream['max-deleted-entry-id']
    end
    if length == 0 or is_before(place, stream['recorded-first-entry-id']) then
        -- All that is left has yet to be read, so the rest of what was ever added is
        -- read or lost. From here on it counts as read.
        if group['entries-read'] then
            lost = math.max(0, added - length - group['entries-read'])
        elseif deleted == '' then
            lost = -1
        end
        redis.call('XGROUP', 'SETID', KEYS[1], ARGV[1], place,
                   'ENTRIESREAD', added - length)
    end
end

local read = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', ARGV[3],
                        'STREAMS', KEYS[1], '>')
local entries = read and read[1][2] or {}
if #entries < tonumber(ARGV[3]) and is_before(place, last) then
    -- Nothing is left to read: the group's count is exact again.
    redis.call('XGROUP', 'SETID', KEYS[1], ARGV[1], last, 'ENTRIESREAD', added)
end
return {lost, deleted, place, last, entries}
