//! Flushing: a draft as statements, one for each kind of thing, however many of it there are.

use std::collections::BTreeSet;

use flowai_core::json::Digest;
use flowai_core::store::StoredRecord;
use serde_json::Value;

use super::cell::{Bound, named, stored};
use super::draft::{Changes, Draft};
use super::row::{Row, delete, insert, short, update};
use super::session::Query;
use super::table::{TABLES, Table};
use crate::seal::Sealer;

/// Where the texts of messages and of records are meant.
pub(super) const MESSAGES: &str = "messages";
pub(super) const RECORDS: &str = "records";

/// One place that means a text: tenant, table, id, number in it, digest.
type Use = (String, &'static str, String, u64, Digest);

impl Draft<'_> {
    /// Everything that is to be written, in an order that every writer keeps.
    pub fn flush(self) -> Vec<Query> {
        let Self { sealer, found, done, mut more, .. } = self;
        let uses = uses(&done);
        let mut queries = cuts(&done);
        let replaced =
            done.rows.keys().filter_map(|place| Some((*TABLES.get(place.0)?, found.get(place)?.as_ref().ok()?)));
        let replaced: Vec<_> = replaced.filter(|(_, row)| !means(&row.body).is_empty()).collect();
        queries.extend((!replaced.is_empty()).then(|| release(&replaced)));
        queries.extend(texts(&done, &uses));
        for (order, table) in TABLES.iter().enumerate() {
            let of_table = || done.rows.iter().filter(move |((of, ..), _)| *of == order);
            let written = |is_new: bool| -> Vec<&Row> {
                let rows = of_table().filter(|(place, _)| found.contains_key(*place) != is_new);
                rows.filter_map(|(_, row)| row.as_ref()).collect()
            };
            let gone = of_table().filter(|(_, row)| row.is_none());
            let gone: Vec<_> = gone.map(|((_, tenant, id), _)| (tenant.as_str(), id.as_str())).collect();
            let (older, new) = (written(false), written(true));
            queries.extend((!gone.is_empty()).then(|| delete(table, gone.into_iter())));
            queries.extend((!older.is_empty()).then(|| update(sealer, table, &older)));
            queries.extend((!new.is_empty()).then(|| insert(sealer, table, &new)));
        }
        queries.extend(records(sealer, &done));
        queries.extend(messages(sealer, &done));
        queries.extend((!uses.is_empty()).then(|| insert_uses(&uses)));
        queries.append(&mut more);
        queries
    }
}

/// The texts that a folded row means, each once.
pub(super) fn means(body: &str) -> BTreeSet<Digest> {
    if body.ends_with(",[]]") {
        return BTreeSet::new();
    }
    let parsed = serde_json::from_str::<(Value, Vec<(String, Digest)>)>(body);
    parsed.map(|(_, places)| places.into_iter().map(|(_, digest)| digest).collect()).unwrap_or_default()
}

fn uses(done: &Changes) -> Vec<Use> {
    let rows = done.rows.iter().filter_map(|((order, tenant, id), row)| {
        let table = TABLES.get(*order)?;
        row.as_ref().map(|row| (tenant, table.name, id, 0, &row.body))
    });
    let records = done.records.iter().map(|((tenant, id, seq), (_, body))| (tenant, RECORDS, id, *seq, body));
    let messages = done.messages.iter().map(|((tenant, id, number), body)| (tenant, MESSAGES, id, *number, body));
    let all = rows.chain(records).chain(messages);
    all.flat_map(|(tenant, source, id, number, body)| {
        means(body).into_iter().map(move |digest| (tenant.clone(), source, id.clone(), number, digest))
    })
    .collect()
}

fn insert_uses(uses: &[Use]) -> Query {
    let sql = "INSERT INTO uses (tenant, source, id, number, digest)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bytea[])";
    let bound: Vec<Bound> = vec![
        Box::new(uses.iter().map(|(tenant, ..)| named(tenant)).collect::<Vec<_>>()),
        Box::new(uses.iter().map(|(_, source, ..)| *source).collect::<Vec<_>>()),
        Box::new(uses.iter().map(|(_, _, id, ..)| named(id)).collect::<Vec<_>>()),
        Box::new(uses.iter().map(|(_, _, _, number, _)| stored(*number)).collect::<Vec<_>>()),
        Box::new(uses.iter().map(|(.., digest)| digest.as_bytes().to_vec()).collect::<Vec<_>>()),
    ];
    Query::new(sql, bound)
}

/// Takes away that some rows mean texts; whether others do is looked at when a store is swept.
fn release(rows: &[(&Table, &Row)]) -> Query {
    let sql = "WITH gone AS (
            DELETE FROM uses WHERE (tenant, source, id) IN (SELECT * FROM unnest($1::text[], $2::text[], $3::text[]))
            RETURNING tenant, digest
        ) INSERT INTO loose SELECT DISTINCT tenant, digest FROM gone";
    let bound: Vec<Bound> = vec![
        Box::new(rows.iter().map(|(_, row)| named(&row.tenant)).collect::<Vec<_>>()),
        Box::new(rows.iter().map(|(table, _)| table.name).collect::<Vec<_>>()),
        Box::new(rows.iter().map(|(_, row)| named(&row.id)).collect::<Vec<_>>()),
    ];
    Query::new(sql, bound)
}

/// Takes the ends of histories away, with the texts that only they mean.
fn cuts(done: &Changes) -> Vec<Query> {
    if done.cuts.is_empty() {
        return Vec::new();
    }
    let bound = || -> Vec<Bound> {
        let names = |of: fn(&(String, String)) -> &str| done.cuts.keys().map(|key| named(of(key))).collect::<Vec<_>>();
        let keeps: Vec<i64> = done.cuts.values().map(|keep| stored(*keep)).collect();
        vec![Box::new(names(|(tenant, _)| tenant)), Box::new(names(|(_, history)| history)), Box::new(keeps)]
    };
    let cut = "USING unnest($1::text[], $2::text[], $3::bigint[]) AS cut (tenant, history, keep)";
    let messages = format!(
        "DELETE FROM messages AS old {cut}
            WHERE old.tenant = cut.tenant AND old.history = cut.history AND old.number >= cut.keep"
    );
    let uses = format!(
        "WITH gone AS (
            DELETE FROM uses AS old {cut} WHERE old.tenant = cut.tenant AND old.source = '{MESSAGES}'
                AND old.id = cut.history AND old.number >= cut.keep
            RETURNING old.tenant, old.digest
        ) INSERT INTO loose SELECT DISTINCT tenant, digest FROM gone"
    );
    vec![Query::new(messages, bound()), Query::new(uses, bound())]
}

/// Of the texts those that are still meant: one write may have replaced another.
fn texts(done: &Changes, uses: &[Use]) -> Option<Query> {
    let sql = "INSERT INTO texts (tenant, digest, body)
        SELECT * FROM unnest($1::text[], $2::bytea[], $3::bytea[]) ON CONFLICT DO NOTHING";
    let meant: BTreeSet<(&str, &Digest)> = uses.iter().map(|(tenant, .., digest)| (tenant.as_str(), digest)).collect();
    let texts = || done.texts.iter().filter(|((tenant, digest), _)| meant.contains(&(tenant.as_str(), digest)));
    let bound: Vec<Bound> = vec![
        Box::new(texts().map(|((tenant, _), _)| named(tenant)).collect::<Vec<_>>()),
        Box::new(texts().map(|((_, digest), _)| digest.as_bytes().to_vec()).collect::<Vec<_>>()),
        Box::new(texts().map(|(_, text)| text.as_bytes().to_vec()).collect::<Vec<_>>()),
    ];
    texts().next().is_some().then(|| Query::new(sql, bound))
}

fn records(sealer: &Sealer, done: &Changes) -> Option<Query> {
    let sql = "INSERT INTO records (tenant, run_id, seq, digest, content, body, seal)
        SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[], $5::bytea[], $6::text[], $7::bytea[])";
    let rows = || done.records.iter().map(|((tenant, run_id, _), (stored, body))| (tenant, run_id, stored, body));
    let seals =
        rows().map(|(tenant, run_id, stored, body)| record_seal(sealer, tenant, run_id, stored, Some(body)).to_vec());
    let bound: Vec<Bound> = vec![
        Box::new(rows().map(|(tenant, ..)| named(tenant)).collect::<Vec<_>>()),
        Box::new(rows().map(|(_, run_id, ..)| named(run_id)).collect::<Vec<_>>()),
        Box::new(rows().map(|(_, _, record, _)| stored(record.seq)).collect::<Vec<_>>()),
        Box::new(rows().map(|(_, _, record, _)| record.digest.as_bytes().to_vec()).collect::<Vec<_>>()),
        Box::new(rows().map(|(_, _, record, _)| record.content.as_bytes().to_vec()).collect::<Vec<_>>()),
        Box::new(rows().map(|(.., body)| body.clone()).collect::<Vec<_>>()),
        Box::new(seals.collect::<Vec<_>>()),
    ];
    (!done.records.is_empty()).then(|| Query::new(sql, bound))
}

/// The seal of a record; one without a body was erased by whoever holds the key.
pub(super) fn record_seal(
    sealer: &Sealer,
    tenant: &str,
    run_id: &str,
    record: &StoredRecord,
    body: Option<&str>,
) -> [u8; 16] {
    let (seq, erased) = (record.seq.to_be_bytes(), [u8::from(body.is_none())]);
    let chain = [record.digest.as_bytes().as_slice(), record.content.as_bytes().as_slice()];
    let body = body.unwrap_or_default().as_bytes();
    let parts = [RECORDS.as_bytes(), tenant.as_bytes(), run_id.as_bytes(), &seq, chain[0], chain[1], &erased, body];
    short(&sealer.seal(&parts))
}

fn messages(sealer: &Sealer, done: &Changes) -> Option<Query> {
    let sql = "INSERT INTO messages (tenant, history, number, body, seal)
        SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bytea[])";
    let rows = || done.messages.iter();
    let seals = rows().map(|((tenant, id, number), body)| message_seal(sealer, tenant, id, *number, body).to_vec());
    let bound: Vec<Bound> = vec![
        Box::new(rows().map(|((tenant, ..), _)| named(tenant)).collect::<Vec<_>>()),
        Box::new(rows().map(|((_, id, _), _)| named(id)).collect::<Vec<_>>()),
        Box::new(rows().map(|((.., number), _)| stored(*number)).collect::<Vec<_>>()),
        Box::new(rows().map(|(_, body)| body.clone()).collect::<Vec<_>>()),
        Box::new(seals.collect::<Vec<_>>()),
    ];
    (!done.messages.is_empty()).then(|| Query::new(sql, bound))
}

pub(super) fn message_seal(sealer: &Sealer, tenant: &str, id: &str, place: u64, body: &str) -> [u8; 16] {
    let place = place.to_be_bytes();
    let parts = [MESSAGES.as_bytes(), tenant.as_bytes(), id.as_bytes(), &place, body.as_bytes()];
    short(&sealer.seal(&parts))
}
