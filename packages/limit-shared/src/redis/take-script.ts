import type { Script } from "./script.ts";

/**
 * `Bucket.take` in Lua: the same steps in the same order, so that both give the same answers to the last bit.
 *
 * KEYS: the bucket, packed into one string; its members, a hash, each as "number seen".
 * ARGV: limit, interval, burst, count, ahead, debt, unused, stamp, member, number, fresh, echo.
 */
const text = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
local limit, interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local count, ahead, debt, unused = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local member, number = ARGV[9], tonumber(ARGV[10])
local function exact(value) return string.format('%.17g', value) end

local kept = redis.call('GET', KEYS[1])
local isKnown, heldLimit, heldInterval, heldBurst, since, starts, seen, looked, stamp, began, peak, lastStamp, lastPeak =
  pcall(cmsgpack.unpack, kept or '')

local function begin()
  stamp, began, peak = string.format('%.0f', math.floor(now * 1000)), now, 0
  lastStamp, lastPeak = '', 0
end

if not kept or not isKnown or type(lastPeak) ~= 'number' then
  heldLimit, heldInterval, heldBurst = ARGV[1], ARGV[2], ARGV[3]
  since, starts, seen, looked = now, 0, now, now
  if ARGV[11] == 'empty' then starts = burst end
  begin()
end

local function gained(tokens) return since + (tokens * interval) / limit end
local function level() return burst - starts + ((now - since) * limit) / interval end

local back = seen - now
if back > 0 then
  since, began, looked = since - back, began - back, looked - back
  local all = redis.call('HGETALL', KEYS[2])
  for i = 1, #all, 2 do
    local last, at = string.match(all[i + 1], '^(%S+) (%S+)$')
    if last then redis.call('HSET', KEYS[2], all[i], last .. ' ' .. exact(at - back)) end
  end
end

local conflict = heldLimit ~= ARGV[1] or heldInterval ~= ARGV[2] or heldBurst ~= ARGV[3]
if conflict then
  starts = math.max(0, starts - ((now - since) * heldLimit) / heldInterval)
  since = now
  begin()
  peak = math.max(0, level())
end

local known = redis.call('HGET', KEYS[2], member)
local lastNumber = known and tonumber(string.match(known, '^(%S+)'))
local isNew = not lastNumber or number > lastNumber
if isNew and unused > 0 and ARGV[8] ~= '' and (ARGV[8] == stamp or ARGV[8] == lastStamp) then
  local held = level()
  local room = math.max(0, burst - math.max(peak, lastPeak, held))
  local returned = math.min(unused, room)
  starts = starts - returned
  peak, lastPeak = math.max(peak, held) + returned, lastPeak + returned
end

local wasFull = gained(starts) <= now
if wasFull then
  since, starts = now, 0
  begin()
elseif now - began >= (burst * interval) / limit then
  local top = math.max(peak, level())
  local before = stamp
  begin()
  lastStamp, lastPeak = before, top
end

local before = level()
if not isNew then debt = 0 end
starts = starts + debt
local first = gained(starts + 1 - burst) - now
local granted = 0
if isNew then granted = math.max(0, math.min(count, math.floor(((ahead - first) * limit) / interval) + 1)) end
starts = starts + granted
local after = before - debt - granted
local least = 0
if granted > 0 and after < 0 and (granted > 1 or after < -1) then least = 1 end
peak = math.max(peak, wasFull and after or before, least)

local span = math.min(math.max(2 * interval, 10000), 600000)
redis.call('HSET', KEYS[2], member, exact(math.max(number, lastNumber or 0)) .. ' ' .. exact(now))
if now - looked >= span then
  looked = now
  local all = redis.call('HGETALL', KEYS[2])
  for i = 1, #all, 2 do
    if now - (tonumber(string.match(all[i + 1], '(%S+)$')) or 0) >= span then redis.call('HDEL', KEYS[2], all[i]) end
  end
end
local members = redis.call('HLEN', KEYS[2])

local idle = 2 * span
if ARGV[11] == 'empty' then idle = math.max(idle, 86400000) end
local ttl = string.format('%.0f', math.ceil(math.min(math.max(0, gained(starts) - now) + idle, 4e12)))
local packed = cmsgpack.pack(ARGV[1], ARGV[2], ARGV[3], since, starts, now, looked, stamp, began, peak, lastStamp, lastPeak)
redis.call('SET', KEYS[1], packed, 'PX', ttl)
redis.call('PEXPIRE', KEYS[2], ttl)

local answer = { ARGV[12], exact(granted), exact(first), stamp, exact(members) }
if conflict then
  answer[6], answer[7], answer[8] = heldLimit, heldInterval, heldBurst
end
return answer
`;

/** Takes tokens from the bucket of a shared rate. */
export const takeScript: Script = { text, digest: "a7e7171e8ea74e88fad968a12052d227cdcf72e2" };
