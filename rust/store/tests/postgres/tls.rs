//! TLS against a server whose certificate was made for the test.

use flowai_core::store::Store as _;
use flowai_store::PostgresStore;

use crate::support::{Schema, Server};

#[test]
fn a_certificate_is_trusted_as_far_as_the_address_says() {
    let Some(server) = Server::start().filter(Server::is_certified) else { return };
    let schema = Schema::on(&server.url);
    drop(schema.store());
    let root = server.root();
    let by_name = schema.url().replacen("127.0.0.1", "localhost", 1);
    let known = format!("&sslrootcert={}", root.display());
    for (url, mode, root, is_open) in [
        (&schema.url(), "disable", "", true),
        (&schema.url(), "prefer", "", true),
        (&schema.url(), "require", "", true),
        (&schema.url(), "verify-ca", &known, true),
        (&schema.url(), "verify-ca", "", false),
        (&schema.url(), "verify-full", &known, false),
        (&by_name, "verify-full", &known, true),
        (&by_name, "verify-full", "", false),
    ] {
        let opened = PostgresStore::open(&format!("{url}&sslmode={mode}{root}"));
        assert_eq!(opened.is_ok(), is_open, "{mode} {root}: {:?}", opened.err());
        let secured = "SELECT count(*) FROM pg_stat_ssl WHERE ssl AND pid <> pg_backend_pid()";
        if let Ok(store) = opened {
            assert!(store.head("a", "b").is_ok());
            assert_eq!(schema.sql().number(secured), i64::from(mode != "disable"), "{mode}");
        }
        wait_for_nobody(&schema);
    }
}

/// The server notices a moment later that a connection was closed.
fn wait_for_nobody(schema: &Schema) {
    let sql = schema.sql();
    while sql.number("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'flowai'") > 0 {}
}
