//! The schema: its versions, and how a schema of the database is known to be a store of ours.

use flowai_core::json::Digest;
use flowai_core::store::StoreError;

use super::cell::loaded;
use super::fault::{Answer, Fault, medium};
use super::session::{Query, Session};
use crate::seal::Sealer;

/// What leads from each version to the next; the first makes a new store.
const MIGRATIONS: [&str; 1] = [include_str!("schema.sql")];

/// The oldest server that is known to do.
const SERVER_MIN: i32 = 150_000;

/// Where the key comes from when it shall not stand beside the rows.
const KEY_VARIABLE: &str = "FLOWAI_STORE_KEY";

/// Makes the store of a schema, or brings an older one to this release's version; gives what seals its rows.
pub(super) async fn prepare(session: &Session, schema: &str) -> Answer<Sealer> {
    check_server(session).await?;
    session.run("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE").await?;
    let made = migrate(session, schema).await;
    session.run(if made.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
    made
}

async fn check_server(session: &Session) -> Answer<()> {
    let sql = "SELECT current_setting('server_version_num')::int, current_setting('server_encoding')";
    let rows = session.one(Query::plain(sql)).await?;
    let Some(row) = rows.first() else { return Err(Fault::Lost("it did not tell its version".to_owned())) };
    let (version, encoding): (i32, String) = (row.try_get(0)?, row.try_get(1)?);
    if version < SERVER_MIN {
        return Err(foreign(&format!("PostgreSQL is of version {}; it has to be 15 or newer", version / 10_000)));
    }
    if encoding != "UTF8" {
        return Err(foreign(&format!("the database keeps texts as {encoding}; it has to be UTF8")));
    }
    Ok(())
}

/// One process at a time, in a transaction of the caller.
async fn migrate(session: &Session, schema: &str) -> Answer<Sealer> {
    let lock = Query::new("SELECT pg_advisory_xact_lock($1)", vec![Box::new(advisory("schema", schema))]);
    session.one(lock).await?;
    let from = version(session, schema).await?;
    if from == 0 {
        make_schema(session, schema).await?;
    }
    for (index, step) in MIGRATIONS.iter().enumerate().skip(from) {
        session.run(step).await?;
        let version = i64::try_from(index.saturating_add(1)).unwrap_or(i64::MAX);
        session.one(Query::new("INSERT INTO versions VALUES ($1)", vec![Box::new(version)])).await?;
    }
    if from == 0 {
        session.run("INSERT INTO writers (id, own) VALUES ('', 0)").await?;
        return create(session).await;
    }
    sealer(session, schema).await
}

/// One that is there may have been made by somebody who may do more.
async fn make_schema(session: &Session, schema: &str) -> Answer<()> {
    let quoted = format!("\"{schema}\"");
    let sql = "SELECT to_regnamespace($1) IS NULL";
    let rows = session.one(Query::new(sql, vec![Box::new(quoted.clone())])).await?;
    let is_new: Option<bool> = rows.first().map(|row| row.try_get(0)).transpose()?;
    if is_new == Some(true) { session.run(&format!("CREATE SCHEMA {quoted}")).await } else { Ok(()) }
}

/// The version of a store; none for a schema that is not there or empty, and a newer one is refused.
async fn version(session: &Session, schema: &str) -> Answer<usize> {
    let sql = "SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace($1)),
        to_regclass($1 || '.versions') IS NOT NULL";
    let rows = session.one(Query::new(sql, vec![Box::new(format!("\"{schema}\""))])).await?;
    let Some(row) = rows.first() else { return Ok(0) };
    let (tables, is_store): (i64, bool) = (row.try_get(0)?, row.try_get(1)?);
    if !is_store {
        let message = format!("the schema `{schema}` holds tables, but no store");
        return if tables == 0 { Ok(0) } else { Err(foreign(&message)) };
    }
    let rows = session.one(Query::plain("SELECT max(version) FROM versions")).await?;
    let found: Option<i64> = rows.first().map(|row| row.try_get(0)).transpose()?.flatten();
    let known = MIGRATIONS.len();
    match found.map(loaded).and_then(|version| usize::try_from(version).ok()) {
        Some(version) if (1..=known).contains(&version) => Ok(version),
        Some(version) if version > known => {
            let message =
                format!("the schema `{schema}` is a store of version {version}; this release knows version {known}");
            Err(foreign(&message))
        }
        _ => Err(foreign(&format!("the schema `{schema}` is a store without a version"))),
    }
}

/// Draws what makes a new store this one.
async fn create(session: &Session) -> Answer<Sealer> {
    let id = hex(&drawn()?);
    let (key, is_given) = given().map_or_else(|| drawn().map(|key| (key, false)), |key| Ok((key, true)))?;
    if !is_given {
        session.one(Query::new("INSERT INTO keys VALUES ($1)", vec![Box::new(key.to_vec())])).await?;
    }
    let sealer = Sealer::new(key);
    let seal = sealer.seal(&[b"store", id.as_bytes()]).as_bytes().to_vec();
    session.one(Query::new("INSERT INTO store VALUES ($1, $2)", vec![Box::new(id), Box::new(seal)])).await?;
    Ok(sealer)
}

/// What seals the rows of a store, if the key at hand is the one.
async fn sealer(session: &Session, schema: &str) -> Answer<Sealer> {
    let rows =
        session.ask(vec![Query::plain("SELECT key FROM keys"), Query::plain("SELECT id, seal FROM store")]).await?;
    let [keys, stores] = rows.as_slice() else { return Err(foreign("the store has no name")) };
    let kept: Option<Vec<u8>> = keys.first().map(|row| row.try_get(0)).transpose()?;
    let key = match (given(), kept) {
        (Some(given), _) => given,
        (None, Some(kept)) => <[u8; 32]>::try_from(kept).map_err(|_| foreign("the key of the store is damaged"))?,
        (None, None) => {
            return Err(foreign(&format!(
                "the rows of the schema `{schema}` are sealed by a key from `{KEY_VARIABLE}`"
            )));
        }
    };
    let Some(store) = stores.first() else { return Err(foreign("the store has no name")) };
    let (id, seal): (String, Vec<u8>) = (store.try_get(0)?, store.try_get(1)?);
    let sealer = Sealer::new(key);
    if sealer.seal(&[b"store", id.as_bytes()]).as_bytes().as_slice() == seal {
        return Ok(sealer);
    }
    let source = if given().is_some() { format!("`{KEY_VARIABLE}`") } else { "the table `keys`".to_owned() };
    Err(foreign(&format!("the rows of the schema `{schema}` are sealed by another key than that of {source}")))
}

/// The key from outside: 64 hexadecimal digits as they are, any other text by its digest.
fn given() -> Option<[u8; 32]> {
    let text = std::env::var(KEY_VARIABLE).ok().filter(|text| !text.is_empty())?;
    let digest = text.to_ascii_lowercase().parse::<Digest>().unwrap_or_else(|_| Digest::of_bytes(text.as_bytes()));
    Some(*digest.as_bytes())
}

/// The number of a lock that is this schema's alone, as far as 64 bits tell.
pub(super) fn advisory(what: &str, schema: &str) -> i64 {
    let digest = Digest::of_bytes(format!("flowai {what} {schema}").as_bytes());
    let mut number = [0; 8];
    number.copy_from_slice(digest.as_bytes().get(..8).unwrap_or(&[0; 8]));
    i64::from_be_bytes(number)
}

pub(super) fn drawn() -> Result<[u8; 32], StoreError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|fault| medium(&format!("nothing could be drawn: {fault}")))?;
    Ok(bytes)
}

pub(super) fn hex(bytes: &[u8; 32]) -> String {
    Digest::from_bytes(*bytes).to_string()
}

fn foreign(message: &str) -> Fault {
    Fault::Store(StoreError::Foreign { message: message.to_owned() })
}
