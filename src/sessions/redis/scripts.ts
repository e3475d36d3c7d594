/**
 * The scripts that run in Redis; each is atomic. The names, after `prefix`: s:KEY is a session (a hash); u:SUBJECT and i:SID (see changeNames) are sets of
 * the session keys of a user and of a session at the issuer; `ends` sorts the keys by end time, `keys` by name; `changed` is the channel.
 *
 * A session that is missing in its sets counts as absent: a sign-out could not find it after a set was evicted or lost.
 */
const shared = `
local prefix = ARGV[1]
local function number(value) return tonumber(value) or 0 end

local function ends_at(expires, idle, seen)
  if idle == 0 then return expires end
  return math.min(expires, seen + idle)
end

-- a session past its limits stays for an hour: the sweep then removes it from its sets too
local function seconds_left(ends, now) return math.max(0, ends - now) + 3600 end

local function load(key)
  local f = redis.call('HMGET', prefix .. 's:' .. key, 'subject', 'sid', 'expires', 'idle', 'seen', 'version', 'leased')
  if not f[1] then return nil end
  if redis.call('SISMEMBER', prefix .. 'u:' .. f[1], key) == 0 then return nil end
  if f[2] ~= '' and redis.call('SISMEMBER', prefix .. 'i:' .. f[2], key) == 0 then return nil end
  local row = { subject = f[1], sid = f[2], expires = number(f[3]), idle = number(f[4]), seen = number(f[5]) }
  row.version, row.leased = number(f[6]), number(f[7])
  row.ends = ends_at(row.expires, row.idle, row.seen)
  return row
end

local function link(set, key, seconds)
  redis.call('SADD', set, key)
  if redis.call('TTL', set) < seconds then redis.call('EXPIRE', set, seconds) end
end

local function link_both(key, subject, sid, seconds)
  link(prefix .. 'u:' .. subject, key, seconds)
  if sid ~= '' then link(prefix .. 'i:' .. sid, key, seconds) end
end

local function unlink_both(key, subject, sid)
  redis.call('SREM', prefix .. 'u:' .. subject, key)
  if sid ~= '' then redis.call('SREM', prefix .. 'i:' .. sid, key) end
end

local function drop(key)
  local f = redis.call('HMGET', prefix .. 's:' .. key, 'subject', 'sid')
  redis.call('ZREM', prefix .. 'ends', key)
  redis.call('ZREM', prefix .. 'keys', key)
  if not f[1] then return 0 end
  redis.call('DEL', prefix .. 's:' .. key)
  unlink_both(key, f[1], f[2])
  return 1
end

local function tell(names)
  if #names == 0 then return end
  redis.call('PUBLISH', prefix .. 'changed', #names > 1000 and '*' or table.concat(names, ' '))
end

local function drop_each(keys)
  local dropped = 0
  for _, key in ipairs(keys) do dropped = dropped + drop(key) end
  return dropped
end

local function drop_all(keys)
  local dropped = drop_each(keys)
  tell(keys)
  return dropped
end
`;

const page = `
local keys = redis.call('ZRANGEBYLEX', prefix .. 'keys', ARGV[2], '+', 'LIMIT', 0, ARGV[3])
local rows = {}
for _, key in ipairs(keys) do
  local f = redis.call('HMGET', prefix .. 's:' .. key, 'subject', 'sid', 'expires', 'idle', 'seen', 'version', 'summary', 'body')
  if f[1] then rows[#rows + 1] = { key, unpack(f) } end
end
return { keys[#keys], rows }
`;

const bodies = {
  insert: `
local key, subject, sid, now = ARGV[2], ARGV[3], ARGV[4], number(ARGV[11])
local name = prefix .. 's:' .. key
if redis.call('EXISTS', name) == 1 then return 0 end
local expires, idle, seen = number(ARGV[5]), number(ARGV[6]), number(ARGV[7])
local ends = ends_at(expires, idle, seen)
redis.call('HSET', name, 'subject', subject, 'sid', sid, 'expires', expires, 'idle', idle, 'seen', seen,
  'version', ARGV[8], 'summary', ARGV[9], 'body', ARGV[10])
redis.call('EXPIRE', name, seconds_left(ends, now))
link_both(key, subject, sid, seconds_left(expires, now))
redis.call('ZADD', prefix .. 'ends', ends, key)
redis.call('ZADD', prefix .. 'keys', 0, key)
return 1`,
  find: `
if not load(ARGV[2]) then return nil end
local f = redis.call('HMGET', prefix .. 's:' .. ARGV[2], 'subject', 'sid', 'expires', 'idle', 'seen', 'version', 'summary', 'body')
return { ARGV[2], unpack(f) }`,
  touch: `
local key, seen, now = ARGV[2], number(ARGV[3]), number(ARGV[4])
local row = load(key)
if not row or row.ends <= now or seen <= row.seen then return 0 end
local ends = ends_at(row.expires, row.idle, seen)
redis.call('HSET', prefix .. 's:' .. key, 'seen', seen)
redis.call('EXPIRE', prefix .. 's:' .. key, seconds_left(ends, now))
redis.call('ZADD', prefix .. 'ends', ends, key)
return 1`,
  replace: `
local key, subject, sid, version, now = ARGV[2], ARGV[3], ARGV[4], number(ARGV[5]), number(ARGV[8])
local row = load(key)
if not row or row.ends <= now or row.version ~= version - 1 then return 0 end
unlink_both(key, row.subject, row.sid)
link_both(key, subject, sid, seconds_left(row.expires, now))
redis.call('HSET', prefix .. 's:' .. key, 'subject', subject, 'sid', sid, 'version', version, 'summary', ARGV[6], 'body', ARGV[7])
redis.call('HDEL', prefix .. 's:' .. key, 'leased')
tell({ key })
return 1`,
  lease: `
local key, now = ARGV[2], number(ARGV[4])
local row = load(key)
if not row or row.ends <= now or row.leased > now then return 0 end
redis.call('HSET', prefix .. 's:' .. key, 'leased', ARGV[3])
return 1`,
  trim: `
local set, most = prefix .. 'u:' .. ARGV[2], number(ARGV[3])
if redis.call('SCARD', set) <= most then return 0 end
local seen, keys = {}, redis.call('SMEMBERS', set)
for _, key in ipairs(keys) do seen[key] = number(redis.call('HGET', prefix .. 's:' .. key, 'seen')) end
table.sort(keys, function(left, right) return seen[left] > seen[right] end)
local surplus = {}
for n = most + 1, #keys do surplus[#surplus + 1] = keys[n] end
for _, key in ipairs(surplus) do redis.call('SREM', set, key) end
return drop_all(surplus)`,
  remove: "return drop_all({ ARGV[2] })",
  removeIndexed: `
local keys = {}
for n = 2, #ARGV do
  for _, key in ipairs(redis.call('SMEMBERS', prefix .. ARGV[n])) do keys[#keys + 1] = key end
end
local dropped = drop_each(keys)
-- the sets too: an evicted set no longer names rows that another process may have cached
for n = 2, #ARGV do
  redis.call('DEL', prefix .. ARGV[n])
  keys[#keys + 1] = ARGV[n]
end
tell(keys)
return dropped`,
  removeByPrefix: "return drop_all(redis.call('ZRANGEBYLEX', prefix .. 'keys', '[' .. ARGV[2], '(' .. ARGV[3]))",
  removeEnded: `
local keys = redis.call('ZRANGEBYSCORE', prefix .. 'ends', '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])
return { #keys, drop_each(keys) }`,
  announceAll: "tell({ '*' })",
  count: "return redis.call('ZCOUNT', prefix .. 'ends', '(' .. ARGV[2], '+inf')",
  page,
} as const;

export type RedisScript = keyof typeof bodies;

/** The text of a script. Its arguments are the key prefix and the values that `redisRows` passes. */
export function redisScript(name: RedisScript): string {
  return shared + bodies[name];
}
