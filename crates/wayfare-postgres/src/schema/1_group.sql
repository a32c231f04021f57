-- A group of writes: one statement, one transaction, whatever becomes of each of them.
--
-- The caller sends them ordered by name, so that two groups never wait for each other in a circle. Who is
-- not answered is done. Kinds: 0 a journal write that is its entity's only write in the group, 1 one that
-- is not, 2 seal, 3 snapshot, 4 part, 5 forget, 6 quarantine, 7 damaged, 8 append, 9 trim, 10 put, 11 delete.
CREATE FUNCTION write_1(kinds smallint[], names bytea[], epochs bigint[], a bigint[], b bigint[],
    c bigint[], d bigint[], e bigint[], vals bytea[], targets bytea[], texts text[])
RETURNS TABLE (op bigint, code integer, number bigint, other bigint, detail text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    item record;
    outcome answer_1;
    alone bigint := cardinality(array_positions(kinds, 0::smallint));
    taken bigint[] := '{}';
BEGIN
    IF 8 = ANY (kinds) THEN
        PERFORM lock_logs_1(kinds, names, targets);
    END IF;
    IF alone > 0 THEN
        taken := journals_1(kinds, names, epochs, a, b, vals);
        IF cardinality(taken) = cardinality(kinds) THEN
            RETURN;
        END IF;
    END IF;
    FOR item IN
        SELECT * FROM unnest(kinds, names, epochs, a, b, c, d, e, vals, targets, texts)
            WITH ORDINALITY AS i (kind, name, epoch, a, b, c, d, e, value, target, words, place)
            WHERE i.kind > 0 OR (alone > cardinality(taken) AND i.place <> ALL (taken))
    LOOP
        outcome := CASE item.kind
            WHEN 2 THEN seal_1(item.name, item.epoch)
            WHEN 3 THEN snapshot_1(item.name, item.epoch, item.a, item.c, item.d, item.e, item.value,
                item.words::bigint[])
            WHEN 4 THEN part_1(item.name, item.epoch, item.a, item.b, item.c, item.d, item.e, item.value)
            WHEN 5 THEN forget_1(item.name, item.epoch)
            WHEN 6 THEN quarantine_1(item.name, item.epoch, item.a)
            WHEN 7 THEN damaged_1(item.name, item.a, item.words)
            WHEN 8 THEN append_1(item.name, item.epoch, item.a, item.b, item.c, item.target, item.value)
            WHEN 9 THEN trim_1(item.name, item.a)
            WHEN 10 THEN put_1(item.name, item.a, item.d, item.value)
            WHEN 11 THEN delete_1(item.name, item.a)
            ELSE journal_1(item.name, item.epoch, item.a, item.b, item.value)
        END;
        IF outcome.code <> 0 THEN
            op := item.place;
            code := outcome.code;
            number := outcome.number;
            other := outcome.other;
            detail := outcome.detail;
            RETURN NEXT;
        END IF;
    END LOOP;
END $$;

-- The usual case: many entities, one journal write each, each right behind what there is. Gives the places
-- of those it has stored; the others are looked at one by one.
CREATE FUNCTION journals_1(kinds smallint[], names bytea[], epochs bigint[], a bigint[], b bigint[],
    vals bytea[]) RETURNS bigint[] LANGUAGE sql AS $$
    WITH taken AS (
        UPDATE entity t SET next = i.past
            FROM unnest(kinds, names, epochs, a, b, vals)
                WITH ORDINALITY AS i (kind, name, epoch, start, past, value, place)
            WHERE i.kind = 0 AND t.name = i.name AND t.sealed = i.epoch AND t.next = i.start
                AND t.damage IS NULL
            RETURNING t.id, i.start, i.past, i.value, i.place
    ), stored AS (
        INSERT INTO journal (entity, position, past, value)
            SELECT taken.id, taken.start, taken.past, taken.value FROM taken
    )
    SELECT coalesce(array_agg(taken.place), '{}') FROM taken;
$$;

-- Logs come behind all entities, and each in the order of its name.
CREATE FUNCTION lock_logs_1(kinds smallint[], names bytea[], targets bytea[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM entity WHERE name IN (SELECT unnest(names)) ORDER BY name FOR NO KEY UPDATE;
    INSERT INTO log (name)
        SELECT DISTINCT i.target FROM unnest(kinds, targets) AS i (kind, target)
            WHERE i.kind = 8 AND NOT EXISTS (SELECT FROM log WHERE log.name = i.target)
            ORDER BY 1
        ON CONFLICT (name) DO NOTHING;
    PERFORM FROM log WHERE name IN (SELECT unnest(targets)) ORDER BY name FOR NO KEY UPDATE;
END $$;
