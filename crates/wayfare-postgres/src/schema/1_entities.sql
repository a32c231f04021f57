-- Writes of entities. Each looks at the seal under a lock on the entity's head, which it keeps until it is
-- committed: what a newer epoch then seals contains it.
--
-- Functions are never changed once released: a server of another version may be calling them.
-- A new form gets a new number.

CREATE TYPE answer_1 AS (code integer, number bigint, other bigint, detail text);

-- A head, locked. One that was deleted and made again while we waited is found by the second look.
CREATE FUNCTION head_1(wanted bytea) RETURNS entity LANGUAGE plpgsql AS $$
DECLARE head entity;
BEGIN
    FOR attempt IN 1..2 LOOP
        SELECT * INTO head FROM entity WHERE entity.name = wanted FOR NO KEY UPDATE;
        EXIT WHEN FOUND;
    END LOOP;
    RETURN head;
END $$;

-- Whether a write under an epoch may be done.
CREATE FUNCTION fence_1(head entity, epoch bigint) RETURNS answer_1 LANGUAGE plpgsql AS $$
BEGIN
    IF head.id IS NULL THEN
        RETURN ROW(2, 0, 0, NULL)::answer_1;
    ELSIF epoch < head.sealed THEN
        RETURN ROW(1, head.sealed, 0, NULL)::answer_1;
    ELSIF head.damage IS NOT NULL THEN
        RETURN ROW(3, 0, 0, head.damage)::answer_1;
    ELSIF epoch > head.sealed THEN
        RETURN ROW(2, 0, 0, NULL)::answer_1;
    END IF;
    RETURN ROW(0, 0, 0, NULL)::answer_1;
END $$;

CREATE FUNCTION journal_1(wanted bytea, epoch bigint, start bigint, past bigint, record bytea)
RETURNS answer_1 LANGUAGE plpgsql AS $$
DECLARE
    head entity := head_1(wanted);
    outcome answer_1 := fence_1(head, epoch);
BEGIN
    IF outcome.code <> 0 THEN
        RETURN outcome;
    ELSIF start > head.next THEN
        RETURN ROW(4, head.next, 0, NULL)::answer_1;
    ELSIF start < head.own_from THEN
        RETURN ROW(5, head.own_from, 0, NULL)::answer_1;
    ELSIF past <= head.next THEN
        RETURN outcome;
    ELSIF start < head.next THEN
        RETURN ROW(6, head.next, 0, NULL)::answer_1;
    END IF;
    UPDATE entity SET next = past WHERE id = head.id AND sealed = epoch;
    INSERT INTO journal (entity, position, past, value) VALUES (head.id, start, past, record);
    RETURN outcome;
END $$;

-- Forgets the chunks that neither the snapshot nor a part is made of.
CREATE FUNCTION forget_chunks_1(of bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM chunk WHERE entity = of) THEN
        DELETE FROM chunk WHERE entity = of AND chunks NOT IN (
            SELECT s.chunks FROM snapshot s WHERE s.entity = of AND s.chunks IS NOT NULL
            UNION ALL
            SELECT p.chunks FROM part p WHERE p.entity = of AND p.chunks IS NOT NULL);
    END IF;
END $$;

-- Answers 13 with the entity's number, and 0 if there is nothing to read, 2 if its state lies in chunks,
-- else 1.
CREATE FUNCTION seal_1(wanted bytea, epoch bigint) RETURNS answer_1 LANGUAGE plpgsql AS $$
DECLARE head entity;
BEGIN
    LOOP
        SELECT * INTO head FROM entity WHERE entity.name = wanted FOR NO KEY UPDATE;
        EXIT WHEN FOUND;
        INSERT INTO entity (name, sealed) VALUES (wanted, epoch)
            ON CONFLICT (name) DO NOTHING RETURNING * INTO head;
        EXIT WHEN FOUND;
    END LOOP;
    IF epoch < head.sealed THEN
        RETURN ROW(1, head.sealed, 0, NULL)::answer_1;
    ELSIF head.damage IS NOT NULL THEN
        RETURN ROW(3, 0, 0, head.damage)::answer_1;
    ELSIF epoch > head.sealed THEN
        -- What no snapshot has named.
        DELETE FROM part p WHERE p.entity = head.id AND p.generation = head.generation;
        PERFORM forget_chunks_1(head.id);
        UPDATE entity SET sealed = epoch, own_from = head.next, generation = head.generation + 1,
            is_quarantined = false WHERE id = head.id AND sealed = head.sealed;
    END IF;
    RETURN ROW(13, head.id, CASE
        WHEN head.next = 1 AND head.covered < 0 THEN 0
        WHEN EXISTS (SELECT FROM snapshot s WHERE s.entity = head.id AND s.chunks IS NOT NULL) THEN 2
        ELSE 1 END, NULL)::answer_1;
END $$;

-- `chunks` is 0 for a value that is here; then `value` is it.
CREATE FUNCTION snapshot_1(wanted bytea, epoch bigint, at bigint, size bigint, sum bigint,
    pieces bigint, state bytea, named bigint[]) RETURNS answer_1 LANGUAGE plpgsql AS $$
DECLARE
    head entity := head_1(wanted);
    outcome answer_1 := fence_1(head, epoch);
    missing record;
BEGIN
    IF outcome.code <> 0 THEN
        RETURN outcome;
    ELSIF at + 1 < head.own_from THEN
        RETURN ROW(7, head.own_from, 0, NULL)::answer_1;
    ELSIF at <= head.covered THEN
        -- It came again: what it was sent in is of no use, unless what is there is made of it.
        DELETE FROM chunk c WHERE c.entity = head.id AND c.chunks = pieces AND NOT EXISTS (
            SELECT FROM snapshot s WHERE s.entity = head.id AND s.chunks = pieces);
        RETURN outcome;
    END IF;
    IF named IS NOT NULL THEN
        SELECT w.number, w.version INTO missing
            FROM unnest(named[1:1], named[2:2]) WITH ORDINALITY AS w (number, version, place)
            WHERE NOT EXISTS (SELECT FROM part p WHERE p.entity = head.id
                AND p.number = w.number AND p.version = w.version)
            ORDER BY w.place LIMIT 1;
        IF FOUND THEN
            RETURN ROW(8, missing.number, missing.version, NULL)::answer_1;
        END IF;
    END IF;
    IF pieces > 0 AND NOT has_chunks_1(head.id, pieces, size) THEN
        RETURN ROW(14, 0, 0, NULL)::answer_1;
    END IF;
    INSERT INTO snapshot (entity, position, value, chunks, length, checksum, parts)
        VALUES (head.id, at, state, nullif(pieces, 0), size, sum, named)
        ON CONFLICT (entity) DO UPDATE SET position = excluded.position, value = excluded.value,
            chunks = excluded.chunks, length = excluded.length, checksum = excluded.checksum,
            parts = excluded.parts;
    DELETE FROM journal j WHERE j.entity = head.id AND j.position <= at AND j.past <= at + 1;
    IF named IS NULL THEN
        DELETE FROM part p WHERE p.entity = head.id;
    ELSE
        DELETE FROM part p WHERE p.entity = head.id AND (p.number, p.version) NOT IN (
            SELECT * FROM unnest(named[1:1], named[2:2]));
    END IF;
    PERFORM forget_chunks_1(head.id);
    UPDATE entity SET covered = at, next = greatest(head.next, at + 1),
        generation = head.generation + 1 WHERE id = head.id AND sealed = epoch;
    RETURN outcome;
END $$;

CREATE FUNCTION has_chunks_1(of bigint, pieces bigint, size bigint) RETURNS boolean
LANGUAGE sql AS $$
    SELECT coalesce(sum(octet_length(value)), 0) = size FROM chunk
        WHERE entity = of AND chunks = pieces;
$$;

CREATE FUNCTION part_1(wanted bytea, epoch bigint, which bigint, form bigint, size bigint, sum bigint,
    pieces bigint, bytes bytea) RETURNS answer_1 LANGUAGE plpgsql AS $$
DECLARE
    head entity := head_1(wanted);
    outcome answer_1 := fence_1(head, epoch);
    found_part record;
BEGIN
    IF outcome.code <> 0 THEN
        RETURN outcome;
    END IF;
    SELECT p.epoch, p.generation INTO found_part FROM part p
        WHERE p.entity = head.id AND p.number = which AND p.version = form;
    IF FOUND AND found_part.generation < head.generation THEN
        outcome.code := CASE WHEN found_part.epoch = epoch THEN 0 ELSE 9 END;
        RETURN outcome;
    ELSIF pieces > 0 AND NOT has_chunks_1(head.id, pieces, size) THEN
        RETURN ROW(14, 0, 0, NULL)::answer_1;
    END IF;
    INSERT INTO part (entity, number, version, epoch, generation, value, chunks, length, checksum)
        VALUES (head.id, which, form, epoch, head.generation, bytes, nullif(pieces, 0), size, sum)
        ON CONFLICT ON CONSTRAINT part_pkey DO UPDATE SET epoch = excluded.epoch,
            generation = excluded.generation, value = excluded.value, chunks = excluded.chunks,
            length = excluded.length, checksum = excluded.checksum;
    RETURN outcome;
END $$;

-- One piece of a value too large to be sent at once; the snapshot or part that it is of comes last.
CREATE FUNCTION chunk_1(wanted bytea, epoch bigint, pieces bigint, place bigint, bytes bytea)
RETURNS answer_1 LANGUAGE plpgsql AS $$
DECLARE
    head entity := head_1(wanted);
    outcome answer_1 := fence_1(head, epoch);
BEGIN
    IF outcome.code = 0 THEN
        INSERT INTO chunk (entity, chunks, number, value) VALUES (head.id, pieces, place, bytes);
    END IF;
    RETURN outcome;
END $$;

CREATE FUNCTION forget_all_1(of bigint) RETURNS void LANGUAGE sql AS $$
    DELETE FROM journal WHERE entity = of;
    DELETE FROM snapshot WHERE entity = of;
    DELETE FROM part WHERE entity = of;
    DELETE FROM chunk WHERE entity = of;
$$;

CREATE FUNCTION forget_1(wanted bytea, epoch bigint) RETURNS answer_1 LANGUAGE plpgsql AS $$
DECLARE
    head entity := head_1(wanted);
    outcome answer_1 := fence_1(head, epoch);
BEGIN
    IF head.id IS NULL THEN
        RETURN ROW(0, 0, 0, NULL)::answer_1;
    ELSIF outcome.code = 0 THEN
        PERFORM forget_all_1(head.id);
        DELETE FROM entity WHERE id = head.id AND sealed = epoch;
    END IF;
    RETURN outcome;
END $$;

-- The head goes on under a new number, so that who waits for it finds the new seal.
CREATE FUNCTION quarantine_1(wanted bytea, epoch bigint, kept_max bigint) RETURNS answer_1
LANGUAGE plpgsql AS $$
DECLARE
    head entity;
    outcome answer_1 := ROW(0, 0, 0, NULL)::answer_1;
BEGIN
    LOOP
        SELECT * INTO head FROM entity WHERE entity.name = wanted FOR UPDATE;
        EXIT WHEN FOUND;
        INSERT INTO entity (name, sealed, is_quarantined) VALUES (wanted, epoch, true)
            ON CONFLICT (name) DO NOTHING;
        IF FOUND THEN
            RETURN outcome;
        END IF;
    END LOOP;
    IF epoch < head.sealed THEN
        RETURN ROW(1, head.sealed, 0, NULL)::answer_1;
    ELSIF epoch = head.sealed AND head.is_quarantined AND head.damage IS NULL THEN
        RETURN outcome;
    END IF;
    LOCK TABLE quarantined IN SHARE ROW EXCLUSIVE MODE;
    IF (SELECT count(*) FROM quarantined) < kept_max THEN
        INSERT INTO quarantined (id, name, sealed, next, covered, damage)
            VALUES (head.id, wanted, head.sealed, head.next, head.covered, head.damage);
    ELSE
        PERFORM forget_all_1(head.id);
    END IF;
    UPDATE entity SET id = DEFAULT, sealed = epoch, own_from = 1, next = 1, covered = -1,
        generation = 0, is_quarantined = true, damage = NULL WHERE id = head.id;
    RETURN outcome;
END $$;

-- Remembers what a reader has found, unless the entity has a new owner since.
CREATE FUNCTION damaged_1(wanted bytea, number bigint, what text) RETURNS answer_1
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE entity SET damage = coalesce(damage, what) WHERE name = wanted AND id = number;
    RETURN ROW(0, 0, 0, NULL)::answer_1;
END $$;
