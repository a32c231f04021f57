//! The prepared statements of a session.

use tokio_postgres::{Client, Error, Statement};

pub(crate) struct Statements {
    pub(crate) write: Statement,
    pub(crate) locked: Statement,
    pub(crate) chunk: Statement,
    pub(crate) chunks_number: Statement,
    pub(crate) load: Statement,
    pub(crate) part: Statement,
    pub(crate) log: Statement,
    pub(crate) document: Statement,
    pub(crate) documents: Statement,
}

impl Statements {
    /// Prepares all statements at once, in one or two round trips.
    pub(crate) async fn prepare(client: &Client) -> Result<Self, Error> {
        let (write, locked, chunk, chunks_number, load, part, log, document, documents) = tokio::try_join!(
            client.prepare(WRITE),
            client.prepare(LOCKED),
            client.prepare(CHUNK),
            client.prepare(CHUNKS_NUMBER),
            client.prepare(LOAD),
            client.prepare(PART),
            client.prepare(LOG),
            client.prepare(DOCUMENT),
            client.prepare(DOCUMENTS),
        )?;
        Ok(Self {
            write,
            locked,
            chunk,
            chunks_number,
            load,
            part,
            log,
            document,
            documents,
        })
    }
}

const WRITE: &str = "SELECT code, number, other, detail, op \
    FROM write_1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// Selects those of these entities that another session has locked.
const LOCKED: &str = "WITH free AS (\
        SELECT name FROM entity WHERE name = ANY ($1) FOR NO KEY UPDATE SKIP LOCKED) \
    SELECT name FROM entity WHERE name = ANY ($1) AND name NOT IN (SELECT name FROM free)";

const CHUNK: &str = "SELECT code, number, other, detail FROM chunk_1($1, $2, $3, $4, $5)";

const CHUNKS_NUMBER: &str = "SELECT nextval('chunks_number')";

/// Loads at one point in time, in this order: head and snapshot, its chunks, the journal.
const LOAD: &str = "\
    SELECT 0 AS sort, e.sealed AS place, e.next AS a, s.position AS b, s.length AS c, s.checksum AS d, \
        s.value, ARRAY(SELECT unnest(s.parts)) AS parts, e.damage, s.chunks \
        FROM entity e LEFT JOIN snapshot s ON s.entity = e.id WHERE e.id = $1 \
    UNION ALL SELECT 1, c.number, 0, 0, 0, 0, c.value, NULL, NULL, NULL \
        FROM snapshot s JOIN chunk c ON c.entity = s.entity AND c.chunks = s.chunks WHERE s.entity = $1 \
    UNION ALL SELECT 2, j.position, j.past, 0, 0, 0, j.value, NULL, NULL, NULL \
        FROM journal j WHERE j.entity = $1 \
    ORDER BY sort, place";

const PART: &str = "\
    SELECT 0 AS sort, 0::bigint AS place, p.length, p.checksum, p.value, e.damage, e.id \
        FROM entity e JOIN part p ON p.entity = e.id \
        WHERE e.name = $1 AND p.number = $2 AND p.version = $3 \
    UNION ALL SELECT 1, c.number, 0, 0, c.value, NULL, 0 \
        FROM entity e JOIN part p ON p.entity = e.id \
            JOIN chunk c ON c.entity = e.id AND c.chunks = p.chunks \
        WHERE e.name = $1 AND p.number = $2 AND p.version = $3 \
    ORDER BY sort, place";

/// Reads a log. Positions have no gaps, so they limit the number of records. The append with the
/// first record may begin before it.
const LOG: &str = "\
    SELECT a.position, a.epoch, a.step, a.writer, a.value, start.place \
    FROM log l \
        CROSS JOIN LATERAL (SELECT greatest(l.first, $2) AS place) start \
        CROSS JOIN LATERAL (SELECT coalesce(max(b.position), 0) AS place FROM append b \
            WHERE b.log = l.id AND b.position <= start.place) within \
        JOIN append a ON a.log = l.id AND a.position >= within.place \
            AND a.position - $3 < start.place AND a.past > start.place \
    WHERE l.name = $1 ORDER BY a.position";

const DOCUMENT: &str = "SELECT revision, checksum, value FROM document WHERE name = $1";

/// Lists documents. `$2` is above all names with the prefix.
const DOCUMENTS: &str = "SELECT name, revision, checksum, value FROM document \
    WHERE name >= $1 AND name < $2 AND name > $3 ORDER BY name LIMIT $4";
