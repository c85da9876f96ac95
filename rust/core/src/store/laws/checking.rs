//! A law of checking: what is as it was written is not called damaged.

use serde_json::json;

use super::approvals::waiting;
use super::plans::{current, draft, executing};
use super::{RunStatus, Store, Violation, Write, append, batch, commit, entry, expect, history, read, run, spending};

pub(super) fn a_sound_store_is_found_sound(store: &mut dyn Store) -> Result<(), Violation> {
    expect(read(store.check())?.is_empty(), "an empty store is called damaged")?;
    for tenant in ["a", "b"] {
        commit(store, vec![run(tenant, 0, RunStatus::Finished), append(tenant, 0, &[1, 2]), history(tenant, 0, &[1])])?;
        commit(store, vec![spending(tenant, 0, 1), Write::Reference(entry(tenant, 10)?)])?;
        let body = json!({"said": "long ".repeat(200)});
        commit(store, vec![Write::Content { tenant: tenant.to_owned(), body: body.clone() }])?;
        let (approval, plan) = (waiting(tenant, "x", 0)?, executing(tenant, "p", body)?);
        commit(store, vec![Write::Approval { version: 0, approval }, Write::Plan { version: 0, plan }])?;
    }
    commit(store, vec![current("P", "p"), append("a", 2, &[3]), history("a", 1, &[2])])?;
    commit(store, vec![Write::Plan { version: 0, plan: draft("b", "q", json!({}))? }])?;
    expect(read(store.check())?.is_empty(), "a sound store is called damaged")?;
    read(store.erase_thread("a", "t"))?;
    read(store.sweep(1_000, &[]))?;
    read(store.stage("run", batch(vec![append("b", 2, &[3])])))?;
    store.abandon("run");
    expect(read(store.check())?.is_empty(), "what was erased, swept or abandoned is called damage")
}
