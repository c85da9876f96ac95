//! Keeping a run: its row in the store, and how the store says what became durable.

use std::sync::{Arc, PoisonError};

use flowai_core::machine::RunContext;
use flowai_core::session::Keeping;
use flowai_core::store::{Herald, RunRow, RunStatus, Versioned};
use serde_json::{Value as Json, json};

use crate::claimed::{Claimed, LOOP_VERSION};
use crate::config::Keep;
use crate::inbox::{HungRope, Inbox, News, ring};
use crate::keeper::{LEASE_MS, now_ms};
use crate::runtime::Runtime;

/// What a session keeps its run by; none where the store does not outlive the process.
pub fn keeping(
    runtime: &Runtime,
    context: &RunContext,
    keep: Option<Keep>,
    claimed: Option<&Claimed>,
    began: i64,
    (inbox, rope): (&Arc<Inbox>, &HungRope),
) -> Option<Keeping> {
    let keeper = runtime.keeper.as_ref()?;
    let (row, kept) = match claimed {
        Some(claimed) => (claimed.row.clone(), claimed.kept.clone()),
        None => (Versioned { version: 0, value: row(runtime, context, keep?, began) }, Vec::new()),
    };
    let pinned = if claimed.is_none() { pinned(runtime, &context.tenant) } else { Vec::new() };
    keeper.watch(inbox, rope);
    let (inbox, rope, pins) = (Arc::clone(inbox), Arc::clone(rope), Arc::clone(&runtime.pins));
    let herald = move |number: u64| -> Herald {
        let (inbox, rope, pins) = (Arc::clone(&inbox), Arc::clone(&rope), Arc::clone(&pins));
        Box::new(move |result| {
            if result.is_err() {
                // A spec that went with what was refused is given again.
                pins.lock().unwrap_or_else(PoisonError::into_inner).clear();
            }
            inbox.put(News::Settled(number, result));
            ring(&rope);
        })
    };
    Some(Keeping { row, kept, pinned, herald: Box::new(herald) })
}

fn row(runtime: &Runtime, context: &RunContext, keep: Keep, began: i64) -> RunRow {
    let Keep { request_id, mut body } = keep;
    if let Some(fields) = body.as_object_mut() {
        fields.insert("spec".to_owned(), json!(runtime.spec_digest));
        fields.insert("loops".to_owned(), json!(LOOP_VERSION));
        fields.insert("principal".to_owned(), json!(context.principal));
    }
    RunRow {
        tenant: context.tenant.clone(),
        run_id: context.run_id.clone(),
        thread: context.thread_id.clone(),
        request_id,
        status: RunStatus::Running,
        epoch: 1,
        owner: runtime.owner(),
        lease_until: now_ms().saturating_add(LEASE_MS),
        started_at: began,
        body,
    }
}

/// The spec, for the first run of a tenant.
fn pinned(runtime: &Runtime, tenant: &str) -> Vec<Json> {
    let is_new = runtime.pins.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant.to_owned());
    if is_new { vec![json!(*runtime.catalogue.spec)] } else { Vec::new() }
}
