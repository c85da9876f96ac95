//! The server: one thread of its own moves the bytes of every connection, and whoever asks waits on his own thread.
//!
//! So a caller may be on a thread of another runtime, or of none, and nothing is nested.

use std::sync::mpsc;
use std::time::Duration;

use flowai_core::store::StoreError;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::Address;
use super::fault::{Answer, Fault, medium};
use super::session::Session;
use super::tls::connector;

/// How long it may take to be let in, once a host has answered.
const HANDSHAKE: Duration = Duration::from_secs(30);

/// A server that can be connected to.
pub(super) struct Server {
    pub address: Address,
    tls: MakeRustlsConnect,
    /// None only while it is being dropped.
    runtime: Option<Runtime>,
    process: u32,
}

impl Server {
    pub fn new(address: Address) -> Result<Self, StoreError> {
        let tls = connector(address.trust, &address.roots)?;
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("flowai-postgres").enable_all().build();
        let runtime = runtime.map_err(|fault| medium(&format!("no thread to connect from: {fault}")))?;
        Ok(Self { address, tls, runtime: Some(runtime), process: std::process::id() })
    }

    /// Refuses in a forked child: neither the thread nor the connections are its own.
    pub fn check_process(&self) -> Result<(), StoreError> {
        if self.process == std::process::id() {
            return Ok(());
        }
        Err(medium("the store was opened before this process was forked; open it anew"))
    }

    /// A new connection, set up as each of ours is.
    pub async fn connect(&self) -> Answer<Session> {
        let session = Session::new(self.client()?).await?;
        session.run(&settings(&self.address.schema)).await?;
        Ok(session)
    }

    /// Asks on a connection of its own, which takes one way to the server and back: the next one may be lost as well.
    /// Nothing is bound, and what is told comes as text.
    pub async fn ask_apart(&self, sql: &str) -> Answer<Vec<SimpleQueryRow>> {
        let client = self.client()?;
        let told = client.simple_query(&format!("{};\n{sql}", settings(&self.address.schema))).await?;
        let rows = told.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        Ok(rows.collect())
    }

    fn client(&self) -> Answer<Client> {
        let Some(runtime) = &self.runtime else { return Err(Fault::Lost("the store is being closed".to_owned())) };
        let (tell, told) = mpsc::channel();
        let (config, tls) = (self.address.config.clone(), self.tls.clone());
        runtime.spawn(async move {
            match tokio::time::timeout(HANDSHAKE, config.connect(tls)).await {
                Ok(Ok((client, connection))) => {
                    drop(tell.send(Ok(client)));
                    // How it ends is told to whoever asks next.
                    drop(connection.await);
                }
                Ok(Err(fault)) => drop(tell.send(Err(Fault::from(fault)))),
                Err(_) => drop(tell.send(Err(Fault::Lost("it did not answer in time".to_owned())))),
            }
        });
        told.recv().unwrap_or_else(|_| Err(Fault::Lost("the thread of connections has ended".to_owned())))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        if self.process == std::process::id() {
            // Dropping it would wait, which is not allowed where the caller is on a thread of another runtime.
            runtime.shutdown_background();
        } else {
            std::mem::forget(runtime);
        }
    }
}

/// What every session of ours begins with.
///
/// A process that was stopped in a transaction loses its locks after a few seconds. What is acknowledged is on the disk,
/// whatever the server's default is. Every statement is by key, so that a table that was empty when a statement was
/// planned is not read from end to end once it has grown.
fn settings(schema: &str) -> String {
    format!(
        "SET search_path TO \"{schema}\";
        SET idle_in_transaction_session_timeout = '5s';
        SET lock_timeout = '10s';
        SET plan_cache_mode = force_generic_plan;
        SET enable_seqscan = off;
        SET jit = off;
        SELECT set_config('synchronous_commit', 'on', false)
            WHERE current_setting('synchronous_commit') IN ('off', 'local')"
    )
}
