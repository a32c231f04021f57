-- What is kept, in the schema that the session's search_path names.
-- Names are bytes: compared byte for byte whatever the database's collation and encoding are.

-- The head of an entity. Updated with each journal write, in place as long as its page has room, which
-- is what the fill factor is for; so nothing in it but the name may be indexed, and it must stay small.
CREATE TABLE entity (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sealed bigint NOT NULL,
    -- Where the epoch that sealed goes on: what lies before it is an earlier owner's.
    own_from bigint NOT NULL DEFAULT 1,
    -- Where the next record of the journal belongs.
    next bigint NOT NULL DEFAULT 1,
    -- Of the newest snapshot; -1 if there is none.
    covered bigint NOT NULL DEFAULT -1,
    -- Counts seals and snapshots: a part of an earlier generation is one that the snapshot names.
    generation bigint NOT NULL DEFAULT 0,
    is_quarantined boolean NOT NULL DEFAULT false,
    -- Why what is kept cannot be read.
    damage text,
    name bytea NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE UNIQUE INDEX entity_name ON entity (name);

-- One row for each write, however many records it has; append-only until a snapshot covers it.
CREATE TABLE journal (
    entity bigint NOT NULL,
    position bigint NOT NULL,
    past bigint NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (entity, position)
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.5,
        autovacuum_vacuum_cost_delay = 0);
ALTER TABLE journal ALTER value SET STORAGE EXTERNAL;

-- A large value lies in chunks instead of `value`.
CREATE TABLE snapshot (
    entity bigint PRIMARY KEY,
    position bigint NOT NULL,
    value bytea,
    chunks bigint,
    length bigint NOT NULL,
    checksum bigint NOT NULL,
    -- {{numbers},{versions}} of the parts it names.
    parts bigint[]
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE snapshot ALTER value SET STORAGE EXTERNAL;

CREATE TABLE part (
    entity bigint NOT NULL,
    number bigint NOT NULL,
    version bigint NOT NULL,
    -- Who wrote it.
    epoch bigint NOT NULL,
    generation bigint NOT NULL,
    value bytea,
    chunks bigint,
    length bigint NOT NULL,
    checksum bigint NOT NULL,
    PRIMARY KEY (entity, number, version)
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE part ALTER value SET STORAGE EXTERNAL;

CREATE SEQUENCE chunks_number;
CREATE TABLE chunk (
    entity bigint NOT NULL,
    chunks bigint NOT NULL,
    number bigint NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (entity, chunks, number)
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE chunk ALTER value SET STORAGE EXTERNAL;

-- Heads that let go of their name; what lies under their number stays.
CREATE TABLE quarantined (
    id bigint PRIMARY KEY,
    name bytea NOT NULL,
    sealed bigint NOT NULL,
    next bigint NOT NULL,
    covered bigint NOT NULL,
    damage text,
    put_aside timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The position of the first record kept, and of the next.
    first bigint NOT NULL DEFAULT 1,
    next bigint NOT NULL DEFAULT 1,
    name bytea NOT NULL
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX log_name ON log (name);

-- One row for each append, however many records it has.
CREATE TABLE append (
    log bigint NOT NULL,
    position bigint NOT NULL,
    past bigint NOT NULL,
    epoch bigint NOT NULL,
    step bigint NOT NULL,
    writer bytea NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (log, position)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.5);
ALTER TABLE append ALTER value SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX append_once ON append (log, writer, epoch, step);

-- Of each writer the newest append that was trimmed.
CREATE TABLE trimmed (
    log bigint NOT NULL,
    writer bytea NOT NULL,
    epoch bigint NOT NULL,
    step bigint NOT NULL,
    PRIMARY KEY (log, writer)
);

CREATE SEQUENCE document_revision;
CREATE TABLE document (
    name bytea PRIMARY KEY,
    revision bigint NOT NULL,
    value bytea NOT NULL,
    checksum bigint NOT NULL
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE document ALTER value SET STORAGE EXTERNAL;

-- For an operator's eyes.
CREATE VIEW entities AS
    SELECT id, encode(name, 'escape') AS name, sealed, own_from, next, covered, is_quarantined, damage
    FROM entity;
