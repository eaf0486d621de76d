-- One request of a caller, by the generic cell rate algorithm. Redis runs a script
-- whole: two processes never spend the same request.
-- KEYS[1]: the caller. ARGV: microseconds between two requests, how many may come at
-- once, 1 to spend one and 0 to look only.
-- Returns {allowed, microseconds until all is restored, microseconds to wait}.
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local restored = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local wait = restored + interval - now - interval * burst
if wait > 0 then
  return {0, restored - now, wait}
end
if ARGV[3] == '1' then
  restored = restored + interval
  redis.call('SET', KEYS[1], string.format('%.0f', restored),
             'PX', math.ceil((restored - now) / 1000))
end
return {1, restored - now, 0}
