//! Addresses: what a `postgresql://` URL says, ours taken out of it and the rest left to the driver.

use std::time::Duration;

use flowai_core::store::StoreError;
use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

use super::tls::{Roots, Trust};

/// Where a store is kept in the database when nothing else is said.
const SCHEMA: &str = "flowai";

/// How long one host may take to answer, and how long a connection may be silent with something unanswered.
const CONNECT: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_secs(30);

/// Where a server is and how it is asked.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub config: Config,
    /// A checked identifier.
    pub schema: String,
    pub trust: Trust,
    pub roots: Roots,
}

impl Address {
    /// Reads an address. What is wrong with it is told without it: it may hold a password.
    pub fn read(url: &str) -> Result<Self, StoreError> {
        let (place, options) = url.split_once('?').unwrap_or((url, ""));
        let (mut schema, mut trust, mut roots, mut rest) = (SCHEMA.to_owned(), None, Roots::System, Vec::new());
        for option in options.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').ok_or_else(|| foreign("each option is `name=value`"))?;
            let text = percent_decode_str(value).decode_utf8().map_err(|_| foreign("an option is not UTF-8"))?;
            match name {
                "schema" => schema = identifier(&text)?,
                "sslmode" => trust = Some(Trust::read(&text).ok_or_else(|| unknown_mode(&text))?),
                "sslrootcert" if text == "system" => roots = Roots::System,
                "sslrootcert" => roots = Roots::File(text.into_owned().into()),
                _ => rest.push(option),
            }
        }
        let url = if rest.is_empty() { place.to_owned() } else { format!("{place}?{}", rest.join("&")) };
        let mut config: Config = url.parse().map_err(|fault| foreign(&told(&fault)))?;
        let trust = trust.unwrap_or_default().with(&roots);
        settle(&mut config, trust);
        Ok(Self { config, schema, trust, roots })
    }
}

/// Sets what the address left open.
fn settle(config: &mut Config, trust: Trust) {
    config.ssl_mode(match trust {
        Trust::None => SslMode::Disable,
        Trust::Offered => SslMode::Prefer,
        Trust::Blind | Trust::Authority | Trust::Name => SslMode::Require,
    });
    if config.get_application_name().is_none() {
        config.application_name("flowai");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE);
    }
    if config.get_password().is_none()
        && let Ok(password) = std::env::var("PGPASSWORD")
    {
        config.password(password);
    }
    config.keepalives_idle(SILENCE).keepalives_interval(CONNECT).keepalives_retries(3);
}

/// A name that may stand in SQL, in quotes; nothing in it has a meaning there.
fn identifier(name: &str) -> Result<String, StoreError> {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let begins = name.bytes().next().is_some_and(|byte| is_word(byte) && !byte.is_ascii_digit());
    let is_sound = begins && name.len() <= 63 && name.bytes().all(is_word) && !name.starts_with("pg_");
    if is_sound {
        return Ok(name.to_owned());
    }
    let message = "`schema` has to be lower-case letters, digits and `_`, at most 63, and not begin with `pg_`";
    Err(foreign(message))
}

fn unknown_mode(text: &str) -> StoreError {
    foreign(&format!("`sslmode={text}` is none of disable, prefer, require, verify-ca, verify-full"))
}

/// What the driver says, with its reason.
fn told(fault: &tokio_postgres::Error) -> String {
    std::error::Error::source(fault).map_or_else(|| fault.to_string(), |source| format!("{fault}: {source}"))
}

pub(super) fn foreign(what: &str) -> StoreError {
    StoreError::Foreign { message: format!("the address of a PostgreSQL store is not understood: {what}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(options: &str) -> Result<Address, StoreError> {
        Address::read(&format!("postgresql://me@localhost:5433/runs{options}"))
    }

    #[test]
    fn what_is_ours_is_taken_out_and_the_rest_is_the_drivers() {
        let address = read("?schema=other_1&sslmode=verify-full&application_name=desk").unwrap();
        assert_eq!((address.schema.as_str(), address.trust), ("other_1", Trust::Name));
        assert_eq!(address.config.get_application_name(), Some("desk"));
        assert_eq!((address.config.get_ports(), address.config.get_dbname()), (&[5433][..], Some("runs")));
        let plain = read("").unwrap();
        assert_eq!((plain.schema.as_str(), plain.trust), (SCHEMA, Trust::Offered));
    }

    #[test]
    fn a_schema_that_means_something_in_sql_is_refused() {
        for bad in ["", "a\"; DROP TABLE runs", "a.b", "Flow", "1a", "pg_x", "a%00", "a%22b", &"a".repeat(64)] {
            assert!(matches!(read(&format!("?schema={bad}")), Err(StoreError::Foreign { .. })), "{bad}");
        }
    }

    #[test]
    fn a_root_makes_a_required_connection_verify_it() {
        assert_eq!(read("?sslmode=require").unwrap().trust, Trust::Blind);
        assert_eq!(read("?sslmode=require&sslrootcert=/ca.pem").unwrap().trust, Trust::Authority);
        assert!(read("?sslmode=allow").is_err() && read("?sslcert=/me.pem").is_err());
    }

    #[test]
    fn a_password_is_not_told() {
        let fault = Address::read("postgresql://me:hunter2@host:port/db?schema=no-no").unwrap_err();
        assert!(!fault.to_string().contains("hunter2"));
        let fault = Address::read("postgresql://me:hunter2@host:port/db").unwrap_err();
        assert!(!fault.to_string().contains("hunter2"), "{fault}");
    }
}
