/**
 * The tables of the truth.
 *
 * A job is two rows: what never changes (`job`) and the narrow row that every transition updates (`job_state`): half the
 * write volume of one wide row. Counters are kept by triggers alone: no other code may write `counter_delta`.
 * Written for PostgreSQL 15; PGlite runs the same statements.
 */
export const core: ReadonlyArray<string> = [
  `CREATE TABLE meta (
    key text PRIMARY KEY,
    value text NOT NULL
  )`,
  `CREATE TABLE queue (
    name text PRIMARY KEY,
    paused boolean NOT NULL DEFAULT false,
    paused_at timestamptz,
    paused_by text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
  // It can be paused before its first job; the others are made by their first job, or by the worker that names them.
  `INSERT INTO queue (name) VALUES ('default')`,
  `CREATE TABLE job (
    id uuid PRIMARY KEY,
    type text NOT NULL,
    queue text NOT NULL,
    payload json NOT NULL,
    payload_bytes integer NOT NULL,
    priority smallint NOT NULL,
    max_attempts integer NOT NULL,
    backoff json NOT NULL,
    timeout_ms integer NOT NULL,
    deadline timestamptz,
    tags text[] NOT NULL DEFAULT '{}',
    correlation_id text,
    idempotency_key text,
    traceparent text,
    submitted_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
  `CREATE INDEX job_type_id ON job (type, id)`,
  `CREATE INDEX job_queue_id ON job (queue, id)`,
  `CREATE INDEX job_correlation ON job (correlation_id, id) WHERE correlation_id IS NOT NULL`,
  `CREATE INDEX job_idempotency ON job (idempotency_key, id) WHERE idempotency_key IS NOT NULL`,
  // A page of one tag in the order of ids: an inverted index answers in no order, and a tag of millions would be sorted.
  `CREATE TABLE job_tag (
    tag text NOT NULL,
    job_id uuid NOT NULL,
    PRIMARY KEY (tag, job_id)
  )`,
  `CREATE FUNCTION list_job_tags() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO job_tag (tag, job_id) SELECT DISTINCT tag, NEW.id FROM unnest(NEW.tags) AS tag;
    RETURN NULL;
  END $$`,
  `CREATE FUNCTION unlist_job_tags() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    DELETE FROM job_tag WHERE tag = ANY (OLD.tags) AND job_id = OLD.id;
    RETURN NULL;
  END $$`,
  `CREATE TRIGGER list_tags AFTER INSERT ON job
    FOR EACH ROW WHEN (NEW.tags <> '{}') EXECUTE FUNCTION list_job_tags()`,
  `CREATE TRIGGER unlist_tags AFTER DELETE ON job
    FOR EACH ROW WHEN (OLD.tags <> '{}') EXECUTE FUNCTION unlist_job_tags()`,
  `CREATE TABLE job_state (
    job_id uuid PRIMARY KEY,
    queue text NOT NULL,
    type text NOT NULL,
    state text NOT NULL CHECK (state IN
      ('scheduled', 'queued', 'dispatched', 'running', 'retrying', 'completed', 'dead', 'cancelled')),
    rank bigint NOT NULL,
    run_at timestamptz NOT NULL,
    attempt integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL,
    lease_token uuid,
    owner uuid,
    attempt_deadline timestamptz,
    deadline timestamptz,
    cancel_requested_at timestamptz,
    dispatched_at timestamptz,
    dispatch_count integer NOT NULL DEFAULT 0,
    seq integer NOT NULL,
    progress json,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    CHECK ((state = 'running') = (lease_token IS NOT NULL)),
    CHECK ((state = 'running') = (owner IS NOT NULL))
  ) WITH (
    fillfactor = 80,
    -- The ends of the indexes on waiting jobs fill with dead entries: waiting for a fifth of millions would be too long.
    autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 20000
  )`,
  // By type as well: a type without a live worker must not stand in the way of the others.
  `CREATE INDEX job_state_queued ON job_state (queue, type, rank) WHERE state = 'queued'`,
  `CREATE INDEX job_state_oldest ON job_state (queue, run_at) WHERE state = 'queued'`,
  `CREATE INDEX job_state_owner ON job_state (owner) WHERE state = 'running'`,
  `CREATE INDEX job_state_state ON job_state (state, job_id)`,
  // Only jobs that wait for a time are in these two: the common job never enters them.
  `CREATE INDEX job_state_due ON job_state (run_at) WHERE state IN ('scheduled', 'retrying')`,
  `CREATE INDEX job_state_deadline ON job_state (deadline)
    WHERE deadline IS NOT NULL AND state IN ('scheduled', 'queued', 'dispatched', 'retrying')`,
  `CREATE TABLE attempt (
    job_id uuid NOT NULL,
    attempt integer NOT NULL,
    token uuid NOT NULL,
    worker_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN
      ('running', 'completed', 'failed', 'cancelled', 'released', 'lease-expired')),
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    error json,
    result json,
    -- When a settlement came too late for it: its refusal is recorded once.
    refused_at timestamptz,
    PRIMARY KEY (job_id, attempt)
  )`,
  `CREATE TABLE idempotency_key (
    scope text NOT NULL,
    key text NOT NULL,
    job_id uuid NOT NULL,
    body_hash text NOT NULL,
    status text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (scope, key)
  )`,
  `CREATE INDEX idempotency_key_expiry ON idempotency_key (expires_at)`,
  `CREATE TABLE event_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
    source text NOT NULL,
    jobs uuid[] NOT NULL,
    -- Array of LogEvent (src/domain/JobEvent.ts).
    body json NOT NULL
  )`,
  `CREATE INDEX event_log_position ON event_log (xid, id)`,
  // Quicker than the default and as small; PGlite is built without it.
  `DO $$ BEGIN
    ALTER TABLE event_log ALTER body SET COMPRESSION lz4;
    ALTER TABLE job ALTER payload SET COMPRESSION lz4;
  EXCEPTION WHEN feature_not_supported THEN NULL;
  END $$`,
  // Whole milliseconds: the time in a cursor is the time of its row.
  `CREATE INDEX event_log_at ON event_log (at, id)`,
  `CREATE TABLE relay (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    holder text,
    lease_until timestamptz NOT NULL DEFAULT '-infinity',
    cursor_xid xid8 NOT NULL DEFAULT '0',
    cursor_id bigint NOT NULL DEFAULT 0
  )`,
  `INSERT INTO relay DEFAULT VALUES`,
  `CREATE TABLE worker (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    version text NOT NULL,
    slots integer NOT NULL,
    queues text[],
    types text[] NOT NULL,
    state text NOT NULL CHECK (state IN ('live', 'stopped', 'expired')),
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_heartbeat_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    lease_until timestamptz NOT NULL
  )`,
  `CREATE INDEX worker_live ON worker (lease_until) WHERE state = 'live'`,
  `CREATE TABLE job_type (
    name text PRIMARY KEY,
    description json NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
  `CREATE TABLE counter (
    queue text NOT NULL,
    type text NOT NULL,
    key text NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (queue, type, key)
  )`,
  `CREATE TABLE counter_delta (
    queue text NOT NULL,
    type text NOT NULL,
    key text NOT NULL,
    n bigint NOT NULL
  )`,
  // Keys: the eight states, `accepted`, `claims` and `pruned`.
  `CREATE FUNCTION count_inserted_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO counter_delta (queue, type, key, n)
      SELECT queue, type, state, count(*) FROM new_rows GROUP BY 1, 2, 3
      UNION ALL
      SELECT queue, type, 'accepted', count(*) FROM new_rows GROUP BY 1, 2;
    RETURN NULL;
  END $$`,
  `CREATE FUNCTION count_moved_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO counter_delta (queue, type, key, n)
      SELECT queue, type, key, sum(n) FROM (
        SELECT queue, type, state AS key, -1 AS n FROM old_rows
        UNION ALL
        SELECT queue, type, state, 1 FROM new_rows
        UNION ALL
        SELECT queue, type, 'claims', -attempt FROM old_rows
        UNION ALL
        SELECT queue, type, 'claims', attempt FROM new_rows
      ) moved GROUP BY 1, 2, 3 HAVING sum(n) <> 0;
    RETURN NULL;
  END $$`,
  `CREATE FUNCTION count_deleted_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO counter_delta (queue, type, key, n)
      SELECT queue, type, state, -count(*) FROM old_rows GROUP BY 1, 2, 3
      UNION ALL
      SELECT queue, type, 'pruned', count(*) FROM old_rows GROUP BY 1, 2;
    RETURN NULL;
  END $$`,
  `CREATE TRIGGER count_inserted AFTER INSERT ON job_state
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_inserted_jobs()`,
  `CREATE TRIGGER count_moved AFTER UPDATE ON job_state
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_moved_jobs()`,
  `CREATE TRIGGER count_deleted AFTER DELETE ON job_state
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION count_deleted_jobs()`,
  `CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    detail json NOT NULL
  )`,
  `CREATE TABLE token (
    name text PRIMARY KEY,
    role text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    hash text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamptz
  )`,
  `CREATE TABLE alert (
    fingerprint text NOT NULL,
    starts_at timestamptz NOT NULL,
    status text NOT NULL CHECK (status IN ('firing', 'resolved')),
    labels json NOT NULL,
    annotations json NOT NULL,
    ends_at timestamptz,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (fingerprint, starts_at)
  )`,
  `CREATE TABLE undecodable_message (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    source text NOT NULL,
    reason text NOT NULL,
    body text NOT NULL
  )`
]
