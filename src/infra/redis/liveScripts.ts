/**
 * The live numbers' scripts. Each is one step for Redis: nobody sees a row half counted, or counted in two generations.
 *
 * Keys, all behind one prefix with a hash tag:
 *
 *     generation                     names the current numbers; all others are <generation>:…
 *     state                          hash: newest, complete, verified:<epoch>, low:<epoch> (first bitmap kept)
 *     seen:<epoch>:<id / 65536>      bitmap: the row is counted
 *     rate:<minute>                  hash: <second>:<rate>
 *     latency:<slot>, types:<slot>   hash: <type> <w or r><bucket>; set: the types that the slot tells apart
 *     recent, recent:detail          sorted set of job ids by time; hash: <seq> <type> <queue> <event>
 *
 * `rate`, `latency` and `types` end by themselves; `seen` ends when verified; the rest is bounded.
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

/** Finds the generation or begins one; `KEYS[1]` holds it, `ARGV[1]` is the prefix. */
const preamble = `
local generation = redis.call('GET', KEYS[1])
if not generation then
  local now = redis.call('TIME')
  generation = now[1] .. '-' .. now[2]
  redis.call('SET', KEYS[1], generation)
end
local base = ARGV[1] .. generation .. ':'
local state = base .. 'state'
`

/**
 * Rows, one after the other: epoch, id, bitmap, bit, at, number of arguments that follow; then three lists, each with
 * its length first: rates (minute, field, count), latencies (slot, type, number of fields, [field, count]…), recent
 * jobs (id, at, detail). Answers how many rows were not counted before.
 */
export const applyScript = script(`${preamble}
local recent, details = base .. 'recent', base .. 'recent:detail'
local marks, newest, counted = {}, tonumber(redis.call('HGET', state, 'newest') or 0), 0
local newestBefore, kept, oldest = newest, redis.call('ZCARD', recent), nil

local function marksOf(epoch)
  if not marks[epoch] then
    local found = redis.call('HMGET', state, 'verified:' .. epoch, 'low:' .. epoch)
    marks[epoch] = { verified = tonumber(found[1] or 0), low = tonumber(found[2] or nil) }
  end
  return marks[epoch]
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
  local epoch, id, bitmap, at = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2], tonumber(ARGV[i + 4])
  local mark = marksOf(epoch)
  if id > mark.verified and redis.call('SETBIT', base .. 'seen:' .. epoch .. ':' .. bitmap, ARGV[i + 3], 1) == 0 then
    if not mark.low or tonumber(bitmap) < mark.low then
      mark.low = tonumber(bitmap)
      redis.call('HSET', state, 'low:' .. epoch, bitmap)
    end
    addRow(i + 6)
    if at > newest then newest = at end
    counted = counted + 1
  end
  i = i + 6 + ARGV[i + 5]
end
if newest > newestBefore then redis.call('HSET', state, 'newest', string.format('%.0f', newest)) end
return counted
`)

/** `ARGV`: prefix, epoch, then id, bitmap, bit of each row. Answers the places (from 1) of those not counted. */
export const missingScript = script(`${preamble}
local verified = tonumber(redis.call('HGET', state, 'verified:' .. ARGV[2]) or 0)
local missing = {}
for i = 3, #ARGV, 3 do
  if tonumber(ARGV[i]) > verified
    and redis.call('GETBIT', base .. 'seen:' .. ARGV[2] .. ':' .. ARGV[i + 1], ARGV[i + 2]) == 0 then
    missing[#missing + 1] = i / 3
  end
end
return missing
`)

/** `ARGV`: prefix, epoch. Answers generation, verified, complete (1 or 0). */
export const progressScript = script(`${preamble}
local found = redis.call('HMGET', state, 'verified:' .. ARGV[2], 'complete')
return { generation, found[1] or '0', found[2] or '0' }
`)

/** `ARGV`: prefix, epoch, generation, verified, first bitmap that is not verified as a whole, complete (1 or 0). */
export const advanceScript = script(`${preamble}
if generation ~= ARGV[3] then return 0 end
local epoch, first = ARGV[2], tonumber(ARGV[5])
local found = redis.call('HMGET', state, 'verified:' .. epoch, 'low:' .. epoch)
if tonumber(ARGV[4]) > tonumber(found[1] or 0) then
  redis.call('HSET', state, 'verified:' .. epoch, ARGV[4])
  local low = tonumber(found[2] or first)
  for bitmap = low, first - 1 do redis.call('UNLINK', base .. 'seen:' .. epoch .. ':' .. string.format('%.0f', bitmap)) end
  if first > low then redis.call('HSET', state, 'low:' .. epoch, ARGV[5]) end
end
if ARGV[6] == '1' then redis.call('HSET', state, 'complete', '1') end
return 1
`)

/** Begins another generation and answers its name: what the one before has left is nobody's. */
export const clearScript = script(`
local before, now = redis.call('GET', KEYS[1]), redis.call('TIME')
local generation = now[1] .. '-' .. now[2]
if generation == before then generation = generation .. '-' end
redis.call('SET', KEYS[1], generation)
return generation
`)
