-- Writes of logs and documents.

-- The log's lock is kept until the append is committed, so positions become visible in order.
CREATE FUNCTION append_1(wanted bytea, epoch bigint, key_epoch bigint, key_step bigint, count bigint,
    target bytea, records bytea) RETURNS answer_1 LANGUAGE plpgsql AS $$
DECLARE
    head entity := head_1(wanted);
    outcome answer_1 := fence_1(head, epoch);
    place log;
BEGIN
    IF outcome.code <> 0 THEN
        RETURN outcome;
    ELSIF key_epoch > epoch THEN
        RETURN ROW(10, 0, 0, NULL)::answer_1;
    ELSIF count = 0 THEN
        RETURN outcome;
    END IF;
    -- There, because the group has locked it.
    SELECT * INTO STRICT place FROM log WHERE log.name = target FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM append a WHERE a.log = place.id AND a.writer = wanted
            AND a.epoch = key_epoch AND a.step = key_step)
        OR EXISTS (SELECT FROM trimmed t WHERE t.log = place.id AND t.writer = wanted
            AND (t.epoch, t.step) >= (key_epoch, key_step)) THEN
        RETURN outcome;
    END IF;
    INSERT INTO append (log, position, past, epoch, step, writer, value)
        VALUES (place.id, place.next, place.next + count, key_epoch, key_step, wanted, records);
    UPDATE log SET next = place.next + count WHERE id = place.id;
    RETURN outcome;
END $$;

-- An append of which a part is left stays whole; the log says where it begins.
CREATE FUNCTION trim_1(wanted bytea, before bigint) RETURNS answer_1 LANGUAGE plpgsql AS $$
DECLARE
    place log;
    bound bigint;
BEGIN
    SELECT * INTO place FROM log WHERE log.name = wanted FOR NO KEY UPDATE;
    bound := least(before, place.next);
    IF FOUND AND bound > place.first THEN
        INSERT INTO trimmed (log, writer, epoch, step)
            SELECT DISTINCT ON (a.writer) place.id, a.writer, a.epoch, a.step FROM append a
                WHERE a.log = place.id AND a.position < bound
                ORDER BY a.writer, a.epoch DESC, a.step DESC
            ON CONFLICT ON CONSTRAINT trimmed_pkey DO UPDATE
                SET epoch = excluded.epoch, step = excluded.step
                WHERE (excluded.epoch, excluded.step) > (trimmed.epoch, trimmed.step);
        DELETE FROM append a WHERE a.log = place.id AND a.position < bound AND a.past <= bound;
        UPDATE log SET first = bound WHERE id = place.id;
    END IF;
    RETURN ROW(0, 0, 0, NULL)::answer_1;
END $$;

-- `expected` is -1 for a document that shall not be there.
CREATE FUNCTION put_1(wanted bytea, expected bigint, sum bigint, content bytea) RETURNS answer_1
LANGUAGE plpgsql AS $$
DECLARE written bigint;
BEGIN
    IF expected < 0 THEN
        INSERT INTO document (name, revision, value, checksum)
            VALUES (wanted, nextval('document_revision'), content, sum)
            ON CONFLICT (name) DO NOTHING RETURNING revision INTO written;
    ELSE
        UPDATE document SET value = content, checksum = sum, revision = nextval('document_revision')
            WHERE name = wanted AND revision = expected RETURNING revision INTO written;
    END IF;
    RETURN ROW(CASE WHEN written IS NULL THEN 12 ELSE 11 END, written, 0, NULL)::answer_1;
END $$;

CREATE FUNCTION delete_1(wanted bytea, expected bigint) RETURNS answer_1 LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM document WHERE name = wanted AND revision = expected;
    IF FOUND THEN
        RETURN ROW(11, nextval('document_revision'), 0, NULL)::answer_1;
    END IF;
    RETURN ROW(12, 0, 0, NULL)::answer_1;
END $$;
