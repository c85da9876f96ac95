//! Texts: the long ones stand once for each tenant, as long as a row means them.

use std::collections::{BTreeMap, BTreeSet};

use flowai_core::json::Digest;
use serde_json::Value;

use super::cell::{bound, named, revealed};
use super::draft::Draft;
use super::fault::Answer;
use super::flush::means;
use super::read::Rows;
use super::session::{Query, Session};
use crate::fold::unfold;

/// Takes the texts away that no row means any more. Nobody else may write meanwhile: he might be about to mean one.
pub(super) const COLLECT: &str = "WITH candidates AS (DELETE FROM loose RETURNING tenant, digest)
    DELETE FROM texts USING (SELECT DISTINCT tenant, digest FROM candidates) AS gone
    WHERE texts.tenant = gone.tenant AND texts.digest = gone.digest AND NOT EXISTS (
        SELECT 1 FROM uses WHERE uses.tenant = texts.tenant AND uses.digest = texts.digest)";

/// So many bytes of text are worth asking first which of them the server has.
const ASK_FIRST: usize = 16 * 1024;

impl Draft<'_> {
    /// Leaves out the texts that are stored already: nobody takes one away while this transaction goes on.
    pub(super) async fn skip_known(&mut self, session: &Session) -> Answer<()> {
        if self.done.texts.values().map(String::len).sum::<usize>() < ASK_FIRST {
            return Ok(());
        }
        let sql = "SELECT tenant, digest FROM texts
            WHERE (tenant, digest) IN (SELECT * FROM unnest($1::text[], $2::bytea[]))";
        let names = self.done.texts.keys();
        let (tenants, digests): (Vec<String>, Vec<Vec<u8>>) =
            names.map(|(tenant, digest)| (named(tenant), digest.as_bytes().to_vec())).unzip();
        for row in session.one(Query::new(sql, vec![Box::new(tenants), Box::new(digests)])).await? {
            let (tenant, digest): (&str, &[u8]) = (row.try_get(0)?, row.try_get(1)?);
            if let Ok(digest) = <[u8; 32]>::try_from(digest) {
                self.done.texts.remove(&(revealed(tenant).into_owned(), Digest::from_bytes(digest)));
            }
        }
        Ok(())
    }
}

impl Rows<'_> {
    /// Folded bodies of a tenant, each with what it is called, with their texts in their places.
    pub(super) async fn unfolded(&self, tenant: &str, bodies: &[(String, &str)]) -> Answer<Vec<Value>> {
        let wanted: BTreeSet<Digest> = bodies.iter().flat_map(|(_, body)| means(body)).collect();
        let texts = self.texts(tenant, &wanted).await?;
        let text_of = |digest: &Digest| Ok(texts.get(digest).cloned());
        Ok(bodies.iter().map(|(named, body)| unfold(named, body, &text_of)).collect::<Result<_, _>>()?)
    }

    async fn texts(&self, tenant: &str, wanted: &BTreeSet<Digest>) -> Answer<BTreeMap<Digest, String>> {
        if wanted.is_empty() {
            return Ok(BTreeMap::new());
        }
        let sql = "SELECT digest, body FROM texts WHERE tenant = $1 AND digest = ANY ($2::bytea[])";
        let digests: Vec<Vec<u8>> = wanted.iter().map(|digest| digest.as_bytes().to_vec()).collect();
        let found = self.session.one(Query::new(sql, vec![bound(tenant), Box::new(digests)])).await?;
        let mut texts = BTreeMap::new();
        for row in found {
            let (digest, body): (&[u8], Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
            // A digest of another length, or a body that is no text, is not what was written: it is missed later.
            if let (Ok(digest), Ok(body)) = (<[u8; 32]>::try_from(digest), String::from_utf8(body)) {
                texts.insert(Digest::from_bytes(digest), body);
            }
        }
        Ok(texts)
    }
}
