import type { Script } from "./script.ts";

/**
 * `Slots.share` in Lua: the same rules, so that both answer alike.
 *
 * KEYS: the slots, a hash: "seen", "fence", "max", and for each member "/member" as "number held want until short", where short may be "-".
 * ARGV: member, number, keep, want, ttl, max, echo.
 */
const text = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
local field, number, keep, want = '/' .. ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local ttl, max = tonumber(ARGV[5]), tonumber(ARGV[6])
local function exact(value) return string.format('%.17g', value) end
local function write(name, holder)
  redis.call('HSET', KEYS[1], name, exact(holder.number) .. ' ' .. exact(holder.held) .. ' ' .. exact(holder.want) .. ' ' ..
    exact(holder.till) .. ' ' .. (holder.short and exact(holder.short) or '-'))
end

local seen, fence, lastMax = now, 0, max
local holders, known = {}, nil
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local name, value = all[i], all[i + 1]
  if name == 'seen' then seen = tonumber(value)
  elseif name == 'fence' then fence = tonumber(value)
  elseif name == 'max' then lastMax = tonumber(value)
  else
    local n, held, wants, till, short = string.match(value, '^(%S+) (%S+) (%S+) (%S+) (%S+)$')
    if n then holders[name] = { number = tonumber(n), held = tonumber(held), want = tonumber(wants), till = tonumber(till), short = tonumber(short) } end
  end
end

local back = seen - now
local latest = now
for name, holder in pairs(holders) do
  if back > 0 then
    holder.till = holder.till - back
    if holder.short then holder.short = holder.short - back end
    write(name, holder)
  end
  if holder.till <= now then
    holders[name] = nil
    redis.call('HDEL', KEYS[1], name)
  end
end

known = holders[field]
holders[field] = nil
local isNew = not known or number > known.number
if not isNew then keep, want = known.held, known.want end

local wants, members = {}, 0
if want > 0 then wants[1] = want end
for _, holder in pairs(holders) do
  members = members + 1
  if holder.want > 0 then wants[#wants + 1] = holder.want end
end
table.sort(wants)
local rest, left, level = max, #wants, 0
for _, each in ipairs(wants) do
  local even = math.floor(rest / left)
  if each > even then
    level = even
    break
  end
  rest, left, level = rest - each, left - 1, each
end
local function lack(has, wish) return math.max(0, math.min(wish, math.max(level, 1)) - has) end

local held, lacking, older = 0, 0, 0
local since = known and known.short or now
for _, holder in pairs(holders) do
  held = held + holder.held
  latest = math.max(latest, holder.till)
  local short = lack(holder.held, holder.want)
  lacking = lacking + short
  if holder.short and holder.short < since then older = older + short end
end
local free = math.max(0, max - held - keep)
local more = 0
if isNew and level == 0 then
  more = math.max(0, math.min(lack(keep, want), free - older))
elseif isNew then
  local fair = math.min(lack(keep, want), free)
  more = fair + math.max(0, math.min(want - keep - fair, free - fair - lacking))
end
lacking = math.max(lacking, held + keep - max)
if more > 0 then fence = math.max(fence + 1, math.floor(now * 1000)) end

local total = keep + more
if total > 0 or want > 0 then
  local holder = { number = number, held = total, want = want, till = now + ttl }
  if not isNew then holder.number, holder.till = known.number, known.till end
  if lack(total, want) > 0 then holder.short = since end
  write(field, holder)
  members, latest = members + 1, math.max(latest, holder.till)
elseif known then
  redis.call('HDEL', KEYS[1], field)
end
redis.call('HSET', KEYS[1], 'seen', exact(now), 'fence', exact(fence), 'max', exact(max))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(1, math.ceil(latest - now))))

local answer = { ARGV[7], exact(more), exact(level), exact(lacking), exact(older), exact(fence), exact(members) }
if lastMax ~= max then answer[8] = exact(lastMax) end
return answer
`;

/** Says what a member of a shared concurrency limit keeps and wants, and gives it more. */
export const shareScript: Script = { text, digest: "b507fa43930c0f430d75512e298d3411642151c3" };
