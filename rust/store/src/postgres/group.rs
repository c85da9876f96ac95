//! Groups: what one transaction makes durable, in two ways to the server and back; three where texts are long.
//!
//! The first locks and reads every row that the group looks at; what is refused is decided here, so that a refused batch
//! costs no savepoint; the second writes and commits.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use flowai_core::store::{Batch, StoreError};
use pollster::block_on;

use super::PostgresStore;
use super::beside::load_beside;
use super::cell::{loaded, stored};
use super::draft::{Draft, Place};
use super::fault::{Answer, Fault};
use super::row::{Row, lock};
use super::schema::{advisory, drawn, hex};
use super::session::{Backend, Query, Session};
use super::table::TABLES;
use super::write::places;

const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// How often others may be faster before the store gives up; each time somebody got something done.
const RACES_MAX: usize = 1_000;

/// How long a server may be away before the outcome of a commit is given up as unknown.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long to wait before the next attempt to connect.
const PAUSE: Duration = Duration::from_millis(100);

/// Who else may write meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    /// Everybody; the rows that are looked at are locked.
    Write,
    /// Nobody: texts that no row means are being taken away.
    Wait,
}

/// How far a transaction came.
enum Step<T> {
    /// There was nothing to write.
    Nothing(T),
    /// What is to be written, and the number of this transaction among those of its writer.
    Ready(T, Vec<Query>, u64),
}

impl PostgresStore {
    /// Takes several batches, each whole or not at all.
    pub(super) fn take(&mut self, batches: &[Batch]) -> Vec<Result<(), StoreError>> {
        let taken = self.transact(Others::Write, &async |session: &Session, draft: &mut Draft<'_>| {
            load_beside(session, draft, batches).await?;
            load(session, draft, batches.iter().flat_map(places)).await?;
            Ok(batches.iter().map(|batch| draft.attempt(batch)).collect::<Vec<_>>())
        });
        match taken {
            Ok(outcomes) => outcomes,
            // One batch holds what the server cannot keep: the others are not to blame.
            Err(fault) if fault.is_of_values() && batches.len() > 1 => {
                batches.iter().flat_map(|batch| self.take(std::slice::from_ref(batch))).collect()
            }
            Err(fault) => {
                let fault = StoreError::from(fault);
                batches.iter().map(|_| Err(fault.clone())).collect()
            }
        }
    }

    /// Does work in one transaction, again and again while others are faster.
    pub(super) fn transact<T>(
        &mut self,
        others: Others,
        work: &impl AsyncFn(&Session, &mut Draft<'_>) -> Answer<T>,
    ) -> Answer<T> {
        let (mut races, mut is_second) = (0_usize, false);
        loop {
            let session = self.taken()?;
            let fault = match block_on(self.prepare(&session, others, work)) {
                Ok(Step::Nothing(value)) => {
                    session.end("ROLLBACK");
                    self.give_back(session);
                    return Ok(value);
                }
                Ok(Step::Ready(value, queries, number)) => match block_on(session.ask(queries)) {
                    Ok(_) => {
                        self.give_back(session);
                        return Ok(value);
                    }
                    Err(Fault::Lost(why)) if self.is_durable_after(&session.backend, number, &why)? => {
                        return Ok(value);
                    }
                    Err(fault) => fault,
                },
                Err(fault) => fault,
            };
            match fault {
                // Nothing was committed, and the server may be back already.
                Fault::Lost(_) if !is_second => is_second = true,
                Fault::Lost(_) => return Err(fault),
                Fault::Forgotten => {
                    session.end("ROLLBACK");
                    block_on(self.register(&session))?;
                    self.give_back(session);
                }
                _ => {
                    session.end("ROLLBACK");
                    self.give_back(session);
                    races = races.saturating_add(1);
                    if !fault.is_race() || races > RACES_MAX {
                        return Err(fault);
                    }
                }
            }
        }
    }

    async fn prepare<T>(
        &self,
        session: &Session,
        others: Others,
        work: &impl AsyncFn(&Session, &mut Draft<'_>) -> Answer<T>,
    ) -> Answer<Step<T>> {
        let mut draft = Draft::new(&self.shared.sealer);
        let writer = self.shared.writer();
        session.begin(vec![Query::plain(BEGIN), self.lock_texts(others), lock_writer(&writer)]);
        let value = work(session, &mut draft).await?;
        if draft.is_empty() {
            return Ok(Step::Nothing(value));
        }
        let opened = session.opened();
        draft.skip_known(session).await?;
        let own = opened.last().and_then(|rows| rows.first()).ok_or(Fault::Forgotten)?;
        let number = loaded(own.try_get(0)?).saturating_add(1);
        let mut queries = draft.flush();
        let sql = "UPDATE writers SET own = $2, seen_at = now() WHERE id = $1";
        queries.push(Query::new(sql, vec![Box::new(writer), Box::new(stored(number))]));
        queries.push(Query::plain("COMMIT"));
        Ok(Step::Ready(value, queries, number))
    }

    fn lock_texts(&self, others: Others) -> Query {
        let sql = match others {
            Others::Write => "SELECT pg_advisory_xact_lock_shared($1)",
            Others::Wait => "SELECT pg_advisory_xact_lock($1)",
        };
        Query::new(sql, vec![Box::new(advisory("texts", &self.shared.server.address.schema))])
    }

    /// Learns what became of a commit whose answer was lost.
    ///
    /// The transaction had locked its writer's row before it wrote anything. So that row cannot be locked again before
    /// the transaction is over, and then it tells whether it was committed.
    fn is_durable_after(&self, backend: &Backend, number: u64, why: &str) -> Answer<bool> {
        let begun = Instant::now();
        loop {
            match block_on(self.ask_after(backend)) {
                Ok(Some(own)) => return Ok(own >= number),
                Err(_) if begun.elapsed() < PATIENCE => thread::sleep(PAUSE),
                Ok(None) | Err(_) => break,
            }
        }
        let message = format!(
            "the connection to PostgreSQL was lost in a commit, and it is not known whether that became durable: {why}"
        );
        Err(StoreError::Medium { message }.into())
    }

    async fn ask_after(&self, backend: &Backend) -> Answer<Option<u64>> {
        let (Backend { pid, began }, writer) = (backend, self.shared.writer());
        // It may wait for what was sent to it and never came. By its number alone it could be another one since.
        // Both texts are the server's or ours, and hold no quotes.
        let sql = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE pid = {pid} AND backend_start::text = '{began}' AND usename = current_user;
            SELECT own FROM writers WHERE id = '{writer}' FOR NO KEY UPDATE"
        );
        let told = self.shared.server.ask_apart(&sql).await?;
        let own = told.iter().find_map(|row| row.try_get("own").ok().flatten());
        Ok(own.and_then(|own| own.parse().ok()))
    }

    /// Gives this store a row among the writers, and takes the rows of those that are long gone together.
    pub(super) async fn register(&self, session: &Session) -> Answer<()> {
        let writer = hex(&drawn()?);
        let gather =
            "WITH gone AS (DELETE FROM writers WHERE id <> '' AND seen_at < now() - interval '30 days' RETURNING own)
            UPDATE writers SET own = own + (SELECT sum(own) FROM gone)::bigint
            WHERE id = '' AND EXISTS (SELECT 1 FROM gone)";
        let add = Query::new("INSERT INTO writers (id, own) VALUES ($1, 0)", vec![Box::new(writer.clone())]);
        session.ask(vec![Query::plain(BEGIN), Query::plain(gather), add, Query::plain("COMMIT")]).await?;
        self.shared.rename(writer);
        Ok(())
    }
}

fn lock_writer(writer: &str) -> Query {
    Query::new("SELECT own FROM writers WHERE id = $1 FOR NO KEY UPDATE", vec![Box::new(writer.to_owned())])
}

/// Reads the rows at some places, in the order in which everybody locks them.
pub(super) async fn load(session: &Session, draft: &mut Draft<'_>, places: impl Iterator<Item = Place>) -> Answer<()> {
    let mut wanted: BTreeMap<usize, std::collections::BTreeSet<(String, String)>> = BTreeMap::new();
    for (order, tenant, id) in places {
        wanted.entry(order).or_default().insert((tenant, id));
    }
    let tables: Vec<_> =
        wanted.iter().filter_map(|(order, keys)| TABLES.get(*order).map(|table| (*order, table, keys))).collect();
    let queries = tables
        .iter()
        .map(|(_, table, keys)| lock(table, keys.iter().map(|(tenant, id)| (tenant.as_str(), id.as_str()))));
    for ((order, table, _), rows) in tables.iter().zip(session.ask(queries.collect()).await?) {
        for found in rows {
            let (tenant, id) = Row::named(&found)?;
            let row = match Row::read(draft.sealer, table, &found) {
                Ok(row) => Ok(row),
                Err(Fault::Store(fault)) => Err(fault),
                Err(fault) => return Err(fault),
            };
            draft.found.insert((*order, tenant, id), row);
        }
    }
    Ok(())
}
