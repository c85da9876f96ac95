//! Sessions: one connection, what is prepared on it, and questions asked in one go.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;

use futures_util::FutureExt as _;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};

use super::cell::Bound;
use super::fault::{Answer, Fault};

/// A statement of ours with what is bound to it.
pub(super) struct Query {
    sql: String,
    bound: Vec<Bound>,
}

impl Query {
    pub fn new(sql: impl Into<String>, bound: Vec<Bound>) -> Self {
        Self { sql: sql.into(), bound }
    }

    /// A statement without anything bound.
    pub fn plain(sql: &str) -> Self {
        Self::new(sql, Vec::new())
    }
}

/// Which backend of the server answers a session: its process, and when it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Backend {
    pub pid: i32,
    pub began: String,
}

/// One connection.
pub(super) struct Session {
    client: Client,
    pub backend: Backend,
    statements: Mutex<BTreeMap<String, Statement>>,
    /// What goes out together with the next questions, and what was answered to it.
    opening: Mutex<Vec<Query>>,
    opened: Mutex<Vec<Vec<Row>>>,
}

impl Session {
    pub async fn new(client: Client) -> Answer<Self> {
        let sql = "SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()";
        let row = client.query_one(sql, &[]).await?;
        let backend = Backend { pid: row.try_get(0)?, began: row.try_get(1)? };
        let (statements, opening, opened) = (Mutex::default(), Mutex::default(), Mutex::default());
        Ok(Self { client, backend, statements, opening, opened })
    }

    pub fn is_lost(&self) -> bool {
        self.client.is_closed()
    }

    /// Runs statements that take nothing and give nothing.
    pub async fn run(&self, sql: &str) -> Answer<()> {
        Ok(self.client.batch_execute(sql).await?)
    }

    /// Lets the next questions begin with these; it costs no way to the server and back.
    pub fn begin(&self, opening: Vec<Query>) {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).clear();
        *self.opening.lock().unwrap_or_else(PoisonError::into_inner) = opening;
    }

    /// What was answered to the questions that the last ones began with.
    pub fn opened(&self) -> Vec<Vec<Row>> {
        std::mem::take(&mut self.opened.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends a transaction without waiting; what comes next comes after it.
    pub fn end(&self, sql: &str) {
        let had_begun = std::mem::take(&mut *self.opening.lock().unwrap_or_else(PoisonError::into_inner)).is_empty();
        if had_begun {
            // Its answer tells nothing: if it fails, the connection is lost, and the next question says so.
            let _ = self.client.batch_execute(sql).now_or_never();
        }
    }

    /// Asks one question.
    pub async fn one(&self, query: Query) -> Answer<Vec<Row>> {
        Ok(self.ask(vec![query]).await?.pop().unwrap_or_default())
    }

    /// Asks several questions in one way to the server and back; the first that fails is told.
    pub async fn ask(&self, queries: Vec<Query>) -> Answer<Vec<Vec<Row>>> {
        let mut all = std::mem::take(&mut *self.opening.lock().unwrap_or_else(PoisonError::into_inner));
        let opening = all.len();
        all.extend(queries);
        let mut statements = Vec::with_capacity(all.len());
        for query in &all {
            statements.push(self.prepared(&query.sql).await?);
        }
        let asked = all
            .iter()
            .zip(&statements)
            .map(|(query, statement)| -> Asked<'_, Vec<Row>> { Box::pin(self.put(query, statement)) });
        let answers = in_order(asked.collect()).await;
        let mut answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
        let rest = answers.split_off(opening);
        if opening > 0 {
            *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = answers;
        }
        Ok(rest)
    }

    async fn put(&self, query: &Query, statement: &Statement) -> Answer<Vec<Row>> {
        let bound = query.bound.iter().map(|value| -> &(dyn ToSql + Sync) { &**value });
        let bound: Vec<_> = bound.collect();
        Ok(self.client.query(statement, &bound).await?)
    }

    async fn prepared(&self, sql: &str) -> Answer<Statement> {
        let known = self.statements.lock().unwrap_or_else(PoisonError::into_inner).get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await?;
        self.statements.lock().unwrap_or_else(PoisonError::into_inner).insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// A question on its way.
type Asked<'a, T> = Pin<Box<dyn Future<Output = Answer<T>> + 'a>>;

/// Sends each question after the one before it, and waits for all answers.
async fn in_order<T>(mut asked: Vec<Asked<'_, T>>) -> Vec<Answer<T>> {
    let mut answers: Vec<Option<Answer<T>>> = asked.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, answer) in asked.iter_mut().zip(&mut answers) {
            if answer.is_none()
                && let Poll::Ready(given) = future.as_mut().poll(context)
            {
                *answer = Some(given);
            }
        }
        if answers.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    let unanswered = || Err(Fault::Lost("no answer came".to_owned()));
    answers.into_iter().map(|answer| answer.unwrap_or_else(unanswered)).collect()
}
