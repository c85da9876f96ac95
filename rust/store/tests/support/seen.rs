//! All that can be seen of a store, as one text, so that two can be compared.

use flowai_core::json::digest;
use flowai_core::store::{HistoryKey, RunFilter, RunStatus, Store, StoreError};
use serde_json::json;

use super::changes::entry;

/// Everything that the random batches can have written, by the name of what was asked.
pub fn seen(store: &dyn Store) -> Vec<(String, String)> {
    asked(store)
        .into_iter()
        .map(|(name, found)| (name, found.unwrap_or_else(|fault| format!("fault: {fault:?}"))))
        .collect()
}

/// The same, with what was refused.
pub fn asked(store: &dyn Store) -> Vec<(String, Result<String, StoreError>)> {
    let mut all = vec![("runs".to_owned(), text(store.runs(&RunFilter::default())))];
    for tenant in ["a", "b"] {
        let mut add = |name: String, found: Result<String, StoreError>| all.push((format!("{tenant} {name}"), found));
        for index in 0..3 {
            let [run, plan, approval] = ["r", "p", "q"].map(|kind| format!("{kind}{index}"));
            add(format!("verified {run}"), text(store.verified(tenant, &run)));
            add(format!("journal {run}"), text(store.journal(tenant, &run, 1)));
            add(format!("head {run}"), text(store.head(tenant, &run)));
            add(format!("run {run}"), text(store.run(tenant, &run)));
            add(format!("plan {plan}"), text(store.plan(tenant, &plan)));
            add(format!("approval {approval}"), text(store.approval(tenant, &approval)));
            let handle = entry(tenant, index, 0).handle;
            add(format!("reference {index}"), text(store.reference(tenant, &handle)));
        }
        for thread in ["t", "u"] {
            for agent in ["g0", "g1", "g2"] {
                let [tenant, thread, agent] = [tenant, thread, agent].map(str::to_owned);
                let key = HistoryKey { tenant, thread, agent };
                add(format!("history {} {}", key.thread, key.agent), text(store.history(&key)));
            }
            add(format!("current {thread}"), text(store.current_plan(tenant, thread, Some("P"))));
            add(format!("meant {thread}"), text(store.current_plan(tenant, thread, None)));
            add(format!("spending {thread}"), text(store.spending(tenant, thread)));
            add(format!("pending {thread}"), text(store.pending_approvals(tenant, Some(thread))));
            add(format!("runs {thread}"), text(store.runs(&RunFilter::of(tenant).in_thread(thread))));
        }
        add("pending".to_owned(), text(store.pending_approvals(tenant, None)));
        let active = RunFilter::of(tenant).standing(&[RunStatus::Running, RunStatus::Paused]);
        add("active".to_owned(), text(store.runs(&active)));
        let asked = RunFilter { request_id: Some("q".to_owned()), ..RunFilter::of(tenant) };
        add("asked".to_owned(), text(store.runs(&asked)));
        for value in [json!(null), json!("short")] {
            add(format!("content {value}"), text(store.content(tenant, &digest(&value).unwrap())));
        }
    }
    all
}

fn text<T: std::fmt::Debug>(found: Result<T, StoreError>) -> Result<String, StoreError> {
    found.map(|found| format!("{found:?}"))
}
