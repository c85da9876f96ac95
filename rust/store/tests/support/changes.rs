//! Random batches: of few things, so that they meet, with versions that are right or one too many.

use flowai_core::approvals::{Approval, ApprovalKind, Bound};
use flowai_core::budget::Spent;
use flowai_core::plans::{Actor, Binding, Consent, Part, PlanInstance};
use flowai_core::references::Entry;
use flowai_core::specs::{PlanSpec, ReferenceSpec};
use flowai_core::store::{Batch, Fence, HistoryKey, MemoryStore, RunRow, RunStatus, Store, Write};
use proptest::prelude::*;
use serde_json::{Value, json};

/// What is to be written, before anybody knows the versions.
#[derive(Debug, Clone)]
pub struct Change {
    kind: usize,
    tenant: usize,
    id: usize,
    text: usize,
    number: u64,
    is_stale: bool,
    is_fenced: bool,
}

pub fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = (0..9_usize, 0..2_usize, 0..3_usize, 0..6_usize, 0..4_u64, 0..40_u8, 0..20_u8).prop_map(
        |(kind, tenant, id, text, number, stale, fenced)| Change {
            kind,
            tenant,
            id,
            text,
            number,
            is_stale: stale == 0,
            is_fenced: fenced == 0,
        },
    );
    prop::collection::vec(change, 0..6)
}

/// The batch that these changes are, over what stands.
pub fn batch(store: &MemoryStore, changes: &[Change]) -> Batch {
    let (mut scratch, mut batch) = (store.clone(), Batch::new());
    for change in changes {
        let write = change.write(&scratch);
        let _ = scratch.commit(Batch::new().with(write.clone()));
        batch = batch.with(write);
        if change.is_fenced {
            let (tenant, run_id) = (change.tenant().to_owned(), change.named("r"));
            batch = batch.under(Some(Fence { tenant, run_id, epoch: change.number }));
        }
    }
    batch
}

impl Change {
    fn tenant(&self) -> &'static str {
        ["a", "b"][self.tenant]
    }

    fn thread(&self) -> String {
        ["t", "u", "t"][self.id].to_owned()
    }

    fn named(&self, kind: &str) -> String {
        format!("{kind}{}", self.id)
    }

    fn value(&self) -> Value {
        let long = |text: &str| json!({"said": text.repeat(300), "n": self.number});
        let handle = Value::from(entry("a", 0, 0).handle.to_string());
        [json!(null), json!("short"), long("x"), long("y"), json!([long("x"), long("z")]), json!({"rows": handle})]
            [self.text]
            .clone()
    }

    fn version(&self, stands: Option<u64>) -> u64 {
        stands.unwrap_or_default() + u64::from(self.is_stale)
    }

    fn write(&self, store: &MemoryStore) -> Write {
        let (tenant, thread) = (self.tenant().to_owned(), self.thread());
        match self.kind {
            0 => {
                let run_id = self.named("r");
                let after = self.version(Some(store.head(&tenant, &run_id).unwrap().seq));
                let records = (0..self.number).map(|number| json!([number, self.value()])).collect();
                Write::Append { tenant, run_id, after, records }
            }
            1 => self.run(store),
            2 => {
                let key = HistoryKey { tenant, thread, agent: self.named("g") };
                let held = store.history(&key).unwrap().len();
                let keep = usize::try_from(self.number).unwrap().min(held) + usize::from(self.is_stale) * 9;
                Write::History { key, keep, messages: vec![self.value(); self.text] }
            }
            3 => {
                let id = self.named("p");
                let version = self.version(store.plan(&tenant, &id).unwrap().map(|row| row.version));
                Write::Plan { version, plan: self.plan(&id) }
            }
            4 => Write::CurrentPlan { tenant, thread, plan: "P".to_owned(), plan_id: self.named("p") },
            5 => self.approval(store),
            6 => {
                let version = self.version(store.spending(&tenant, &thread).unwrap().map(|row| row.version));
                let spent = Spent { model_calls: self.number, ..Spent::default() };
                Write::Spending { version, tenant, thread, spent }
            }
            7 => Write::Reference(entry(&tenant, self.id, i64::try_from(self.number * 30).unwrap())),
            _ => Write::Content { tenant, body: self.value() },
        }
    }

    /// A plan that has come as far as the number says.
    fn plan(&self, id: &str) -> PlanInstance {
        let spec = PlanSpec { name: "P".to_owned(), schema: json!({}), actions_field: None };
        let by = Actor::new(Part::Planner, "p");
        let mut plan = PlanInstance::store(id, &spec, self.tenant(), &self.thread(), self.value(), by).unwrap().0;
        if self.number > 0 {
            plan.approve(plan.digest(), Actor::human(None), Consent::default()).unwrap();
        }
        if self.number > 1 {
            plan.begin(plan.digest(), Actor::new(Part::Executor, "e"), Binding::Dispatched).unwrap();
        }
        if self.number > 2 {
            plan.finish().unwrap();
        }
        plan
    }

    fn run(&self, store: &MemoryStore) -> Write {
        let (tenant, run_id) = (self.tenant().to_owned(), self.named("r"));
        let version = self.version(store.run(&tenant, &run_id).unwrap().map(|row| row.version));
        let statuses = [RunStatus::Running, RunStatus::Paused, RunStatus::Finished, RunStatus::Failed];
        let status = statuses[usize::try_from(self.number).unwrap()];
        let row = RunRow {
            tenant,
            run_id,
            thread: (self.text != 1).then(|| self.thread()),
            request_id: (self.text == 2).then(|| "q".to_owned()),
            status,
            epoch: self.number / 2,
            owner: (self.text > 2).then(|| "me".to_owned()),
            lease_until: i64::try_from(self.number).unwrap(),
            started_at: i64::try_from(self.text).unwrap(),
            body: self.value(),
        };
        Write::Run { version, row }
    }

    fn approval(&self, store: &MemoryStore) -> Write {
        let (tenant, id) = (self.tenant().to_owned(), self.named("q"));
        let version = self.version(store.approval(&tenant, &id).unwrap().map(|row| row.version));
        let mut bound = Bound::new(ApprovalKind::Program, &tenant, &self.named("r"), "1", "always");
        bound.subject = self.value();
        bound.plan_id = (self.number == 1).then(|| self.named("p"));
        let asked_at = i64::try_from(self.text).unwrap();
        let mut approval = Approval::ask(&id, bound, "t", asked_at, 100).unwrap();
        approval.thread_id = Some(self.thread());
        if self.number == 0 {
            approval.status = flowai_core::approvals::ApprovalStatus::Approved;
        }
        Write::Approval { version, approval }
    }
}

pub fn entry(tenant: &str, number: usize, now: i64) -> Entry {
    let spec = ReferenceSpec { name: "R".to_owned(), schema: json!({}), ttl_ms: 100 };
    let value = json!({"number": number, "rows": "r".repeat(400)});
    Entry::new(tenant, &spec, &value, json!({"at": now}), now).unwrap()
}
