//! What these tests share: a schema of its own for each, and a way to reach behind the store's back.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use flowai_store::{Behind, PostgresStore};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, NoTls};

use crate::relay::Relay;

static MADE: AtomicUsize = AtomicUsize::new(0);

/// A schema of its own for each test, gone with it.
pub struct Schema {
    server: String,
    pub name: String,
}

impl Schema {
    /// None where no server is at hand: the test is skipped, and `.ci/postgres` has said so.
    pub fn new() -> Option<Self> {
        std::env::var("FLOWAI_TEST_POSTGRES").ok().map(|server| Self::on(&server))
    }

    pub fn on(server: &str) -> Self {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("flowai_test_{}_{number}", std::process::id());
        Self { server: server.to_owned(), name }
    }

    /// A relay before the server, and the address of this schema through it.
    pub fn relayed(&self) -> (Relay, String) {
        let config: Config = self.server.parse().unwrap();
        let Some(Host::Tcp(host)) = config.get_hosts().first() else { panic!("a server is reached by its name") };
        let server = format!("{host}:{}", config.get_ports().first().unwrap_or(&5432));
        let relay = Relay::before(server.clone());
        let url = self.url().replacen(&server, &relay.address.to_string(), 1);
        assert!(url.contains(&relay.address.to_string()), "its address names the port");
        (relay, url + "&sslmode=disable")
    }

    pub fn url(&self) -> String {
        let joint = if self.server.contains('?') { '&' } else { '?' };
        format!("{}{joint}schema={}", self.server, self.name)
    }

    pub fn store(&self) -> PostgresStore {
        PostgresStore::open(&self.url()).unwrap()
    }

    pub fn behind(&self) -> Behind {
        let store = self.store();
        let reader = store.reader().unwrap();
        Behind::new(Box::new(store), Box::new(reader)).unwrap()
    }

    /// A connection that no store knows of.
    pub fn sql(&self) -> Sql {
        let sql = Sql::connect(&self.server);
        sql.run(&format!("SET search_path TO {}", self.name));
        sql
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            Sql::connect(&self.server).run(&format!("DROP SCHEMA IF EXISTS {} CASCADE", self.name));
        }
    }
}

/// Says that it is over, however that came.
pub struct Over<'a>(pub &'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A connection of an attacker, or of an operator.
pub struct Sql {
    runtime: Runtime,
    client: Client,
}

impl Sql {
    pub fn connect(server: &str) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let client = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(server, NoTls).await.unwrap();
            tokio::spawn(async move { drop(connection.await) });
            client
        });
        Self { runtime, client }
    }

    pub fn run(&self, sql: &str) {
        self.runtime.block_on(self.client.batch_execute(sql)).unwrap();
    }

    /// The first number of the first row.
    pub fn number(&self, sql: &str) -> i64 {
        self.runtime.block_on(self.client.query_one(sql, &[])).unwrap().get(0)
    }
}

/// A server of its own, for tests that stop it.
pub struct Server {
    folder: PathBuf,
    pub url: String,
}

impl Server {
    /// None where no server is at hand, or where it is another machine's and none can be started here.
    pub fn start() -> Option<Self> {
        std::env::var("FLOWAI_TEST_POSTGRES").ok()?;
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("flowai-server-{}-{number}", std::process::id()));
        let url = verb("start", &folder)?;
        Some(Self { folder, url })
    }

    pub fn stop(&self) {
        verb("stop", &self.folder).unwrap();
    }

    pub fn start_again(&self) {
        assert_eq!(verb("start", &self.folder).as_ref(), Some(&self.url));
    }

    /// As an operator does it, or as a machine that lost its power.
    pub fn restart(&self, crash: bool) {
        verb(if crash { "crash" } else { "stop" }, &self.folder).unwrap();
        self.start_again();
    }

    pub fn is_certified(&self) -> bool {
        self.root().exists()
    }

    pub fn root(&self) -> PathBuf {
        self.folder.join("root.crt")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(verb("stop", &self.folder));
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

fn verb(verb: &str, folder: &Path) -> Option<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.ci/postgres");
    let told = Command::new(script).arg(verb).arg(folder).output().unwrap();
    let text = String::from_utf8(told.stdout).unwrap();
    told.status.success().then(|| text.trim().to_owned())
}
