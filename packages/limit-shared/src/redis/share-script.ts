import type { Script } from "./script.ts";

/**
 * `Slots.share` in Lua: the same rules, so that both give the same answers.
 *
 * KEYS: the slots, a hash: "seen", "fence", "max", and for each member "/member" as "number held want until gone short", where short may be "-".
 * ARGV: member, number, keep, want, ttl, max, echo.
 */
const text = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
local field, number, keep, want = '/' .. ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local ttl, max = tonumber(ARGV[5]), tonumber(ARGV[6])
local function exact(value) return string.format('%.17g', value) end
local function write(name, its)
  redis.call('HSET', KEYS[1], name, exact(its.number) .. ' ' .. exact(its.held) .. ' ' .. exact(its.want) .. ' ' ..
    exact(its.till) .. ' ' .. exact(its.gone) .. ' ' .. (its.short and exact(its.short) or '-'))
end

local seen, fence, lastMax = now, 0, max
local others = {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local name, value = all[i], all[i + 1]
  if name == 'seen' then seen = tonumber(value)
  elseif name == 'fence' then fence = tonumber(value)
  elseif name == 'max' then lastMax = tonumber(value)
  else
    local n, held, wants, till, gone, short = string.match(value, '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$')
    if n then others[name] = { number = tonumber(n), held = tonumber(held), want = tonumber(wants),
      till = tonumber(till), gone = tonumber(gone), short = tonumber(short) } end
  end
end

local back = seen - now
for name, its in pairs(others) do
  if back > 0 then
    its.till, its.gone = its.till - back, its.gone - back
    if its.short then its.short = its.short - back end
    write(name, its)
  end
  if its.gone <= now then
    others[name] = nil
    redis.call('HDEL', KEYS[1], name)
  elseif its.till <= now then
    its.held, its.want, its.short = 0, 0, nil
  end
end

local known = others[field]
others[field] = nil
local isNew = not known or number > known.number
if not isNew then keep, want = known.held, known.want end

local wants, names, members = {}, {}, 0
local function count(name)
  local own = string.match(name, '^[^#]*')
  if not names[own] then names[own], members = true, members + 1 end
end
count(field)
if want > 0 then wants[1] = want end
for name, its in pairs(others) do
  count(name)
  if its.want > 0 then wants[#wants + 1] = its.want end
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

local held, lacking, older, latest = 0, 0, 0, now
local since = known and known.short or now
for _, its in pairs(others) do
  held = held + its.held
  latest = math.max(latest, its.gone)
  local short = lack(its.held, its.want)
  lacking = lacking + short
  if its.short and its.short < since then older = older + short end
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

local own = { number = number, till = now + ttl, gone = now + math.max(ttl, math.min(math.max(2 * ttl, 10000), 600000)) }
if not isNew then own.number, own.till, own.gone = known.number, known.till, known.gone end
own.held, own.want = keep + more, want
if lack(own.held, want) > 0 then own.short = since end
write(field, own)
latest = math.max(latest, own.gone)
redis.call('HSET', KEYS[1], 'seen', exact(now), 'fence', exact(fence), 'max', exact(max))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(1, math.ceil(latest - now))))

local answer = { ARGV[7], exact(more), exact(level), exact(lacking), exact(older), exact(fence), exact(members) }
if lastMax ~= max then answer[8] = exact(lastMax) end
return answer
`;

/** Records what a member of a shared concurrency limit keeps and wants, and grants it more. */
export const shareScript: Script = { text, digest: "8424ae4e81a95533233d5f74df3926a951cc1ac8" };
