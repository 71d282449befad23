/**
 * The live numbers' scripts. Each is one step for Redis: nobody sees a row half counted, or counted in two generations.
 *
 * Keys, all behind one prefix with a hash tag:
 *
 *     generation                     names the current numbers; all others are <generation>:…
 *     state                          hash: epoch, newest, complete, verified
 *     seen:<id / 65536>, bitmaps     bitmap: the row is counted; set: the bitmaps that there are
 *     rate:<minute>                  hash: <second>:<rate>
 *     latency:<slot>, types:<slot>   hash: <type> <w or r><bucket>; set: the types that the slot tells apart
 *     recent, recent:detail          sorted set of job ids by time; hash: <seq> <type> <queue> <event>
 *
 * `rate`, `latency` and `types` end by themselves; `seen` ends when verified; the rest is bounded. A generation counts
 * the rows of one epoch; the first row of a later epoch begins another generation.
 */
import {
  latencyHorizonSeconds,
  latencySlotSeconds,
  latencyTypesKept,
  otherTypes,
  recentJobsKept,
  throughputHorizonSeconds
} from "#services/ports/LiveStats.ts"
import { script } from "./Script.ts"

/** Seconds that a key outlives its last reader: clocks differ. */
const slackSeconds = 60

/** `KEYS[1]` holds the generation, `ARGV[1]` is the prefix. */
const preamble = `
local generation = redis.call('GET', KEYS[1])
local base, state
local function enter(name)
  generation, base = name, ARGV[1] .. name .. ':'
  state = base .. 'state'
end
if generation then enter(generation) end

local function forget(second)
  for _, bitmap in ipairs(redis.call('SMEMBERS', base .. 'bitmaps')) do
    redis.call('UNLINK', base .. 'seen:' .. bitmap)
  end
  redis.call('UNLINK', state, base .. 'bitmaps', base .. 'recent', base .. 'recent:detail')
  local minute, slot = math.floor(second / 60), math.floor(second / ${latencySlotSeconds})
  for ago = -1, ${Math.ceil(throughputHorizonSeconds / 60)} do redis.call('UNLINK', base .. 'rate:' .. minute - ago) end
  for ago = -1, ${Math.ceil(latencyHorizonSeconds / latencySlotSeconds)} do
    redis.call('UNLINK', base .. 'latency:' .. slot - ago, base .. 'types:' .. slot - ago)
  end
end

local function begin()
  local now = redis.call('TIME')
  local name = now[1] .. '-' .. now[2]
  if name == generation then name = name .. '-' end
  if generation then forget(now[1]) end
  enter(name)
  redis.call('SET', KEYS[1], name)
end

local function epochOf() return generation and tonumber(redis.call('HGET', state, 'epoch') or nil) end

local function enterEpoch(epoch)
  local known = epochOf()
  if known and known >= epoch then return known end
  if known or not generation then begin() end
  redis.call('HSET', state, 'epoch', epoch)
  return epoch
end
`

/**
 * Rows, one after the other: epoch, id, bitmap, bit, at, number of arguments that follow; then three lists, each with
 * its length first: rates (minute, field, count), latencies (slot, type, number of fields, [field, count]…), recent
 * jobs (id, at, detail). Answers how many rows were not counted before.
 */
export const applyScript = script(`${preamble}
local epoch, recent, details, before, newest, verified, bitmaps, kept, oldest
local counted = 0

local function load(wanted)
  epoch = enterEpoch(wanted)
  recent, details = base .. 'recent', base .. 'recent:detail'
  local found = redis.call('HMGET', state, 'newest', 'verified')
  before, verified, bitmaps = tonumber(found[1] or 0), tonumber(found[2] or 0), {}
  newest, kept, oldest = before, redis.call('ZCARD', recent), nil
end

local function save()
  if newest and newest > before then redis.call('HSET', state, 'newest', string.format('%.0f', newest)) end
end

local function mark(bitmap, bit)
  if redis.call('SETBIT', base .. 'seen:' .. bitmap, bit, 1) == 1 then return false end
  if not bitmaps[bitmap] then redis.call('SADD', base .. 'bitmaps', bitmap) end
  bitmaps[bitmap] = true
  return true
end

local function add(key, field, count, untilSecond)
  redis.call('HINCRBY', key, field, count)
  redis.call('EXPIREAT', key, untilSecond)
end

local function typeIn(slot, type, untilSecond)
  local types = base .. 'types:' .. slot
  if redis.call('SISMEMBER', types, type) == 1 then return type end
  if redis.call('SCARD', types) >= ${latencyTypesKept} then return '${otherTypes}' end
  redis.call('SADD', types, type)
  redis.call('EXPIREAT', types, untilSecond)
  return type
end

local function addRecent(job, at, detail)
  if kept >= ${recentJobsKept} then
    oldest = oldest or tonumber(redis.call('ZRANGE', recent, 0, 0, 'WITHSCORES')[2])
    if at < oldest then return end
  end
  local known = tonumber(redis.call('ZSCORE', recent, job) or -1)
  if known > at then return end
  if known == at then
    local before = redis.call('HGET', details, job)
    if before and tonumber(string.match(before, '^%d+')) >= tonumber(string.match(detail, '^%d+')) then return end
  end
  kept = kept + redis.call('ZADD', recent, at, job)
  redis.call('HSET', details, job, detail)
  oldest = nil
  if kept > ${recentJobsKept} then
    redis.call('HDEL', details, redis.call('ZPOPMIN', recent)[1])
    kept = kept - 1
  end
end

local function addRow(i)
  for _ = 1, tonumber(ARGV[i]) do
    local untilSecond = (ARGV[i + 1] + 1) * 60 + ${throughputHorizonSeconds + slackSeconds}
    add(base .. 'rate:' .. ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], untilSecond)
    i = i + 3
  end
  i = i + 1
  for _ = 1, tonumber(ARGV[i]) do
    local slot, fields = ARGV[i + 1], tonumber(ARGV[i + 3])
    local untilSecond = (slot + 1) * ${latencySlotSeconds} + ${latencyHorizonSeconds + slackSeconds}
    local type = typeIn(slot, ARGV[i + 2], untilSecond)
    i = i + 3
    for _ = 1, fields do
      redis.call('HINCRBY', base .. 'latency:' .. slot, type .. ' ' .. ARGV[i + 1], ARGV[i + 2])
      i = i + 2
    end
    redis.call('EXPIREAT', base .. 'latency:' .. slot, untilSecond)
  end
  i = i + 1
  for _ = 1, tonumber(ARGV[i]) do
    addRecent(ARGV[i + 1], tonumber(ARGV[i + 2]), ARGV[i + 3])
    i = i + 3
  end
end

local i = 2
while i <= #ARGV do
  local wanted, id, at = tonumber(ARGV[i]), tonumber(ARGV[i + 1]), tonumber(ARGV[i + 4])
  if not epoch or wanted > epoch then
    save()
    load(wanted)
  end
  if wanted == epoch and id > verified and mark(ARGV[i + 2], ARGV[i + 3]) then
    addRow(i + 6)
    if at > newest then newest = at end
    counted = counted + 1
  end
  i = i + 6 + ARGV[i + 5]
end
save()
return counted
`)

/** `ARGV`: prefix, epoch, then id, bitmap, bit of each row. Answers the places (from 1) of those not counted. */
export const missingScript = script(`${preamble}
local epoch = epochOf()
local isOlder, isSame = epoch and tonumber(ARGV[2]) < epoch, epoch == tonumber(ARGV[2])
local verified = isSame and tonumber(redis.call('HGET', state, 'verified') or 0)
local missing = {}
for i = 3, #ARGV, 3 do
  if not isOlder and not (isSame and
    (tonumber(ARGV[i]) <= verified or redis.call('GETBIT', base .. 'seen:' .. ARGV[i + 1], ARGV[i + 2]) == 1)) then
    missing[#missing + 1] = i / 3
  end
end
return missing
`)

/** `ARGV`: prefix, epoch. Answers generation, verified, complete (1 or 0). */
export const progressScript = script(`${preamble}
if enterEpoch(tonumber(ARGV[2])) > tonumber(ARGV[2]) then return { generation, '0', '1' } end
local found = redis.call('HMGET', state, 'verified', 'complete')
return { generation, found[1] or '0', found[2] or '0' }
`)

/** `ARGV`: prefix, epoch, generation, verified, first bitmap that is not verified as a whole, complete (1 or 0). */
export const advanceScript = script(`${preamble}
if generation ~= ARGV[3] or epochOf() ~= tonumber(ARGV[2]) then return 0 end
if tonumber(ARGV[4]) > tonumber(redis.call('HGET', state, 'verified') or 0) then
  redis.call('HSET', state, 'verified', ARGV[4])
  for _, bitmap in ipairs(redis.call('SMEMBERS', base .. 'bitmaps')) do
    if tonumber(bitmap) < tonumber(ARGV[5]) then
      redis.call('UNLINK', base .. 'seen:' .. bitmap)
      redis.call('SREM', base .. 'bitmaps', bitmap)
    end
  end
end
if ARGV[6] == '1' then redis.call('HSET', state, 'complete', '1') end
return 1
`)

/** Begins another generation. */
export const clearScript = script(`${preamble}
begin()
`)
