//! The desk: what a run keeps in the store, and the events that tell of it.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value as Json, json};

use crate::effects::{Effect, LoadRef, SaveHistory, StoreRef};
use crate::events::EventBody;
use crate::fault::{Fault, FaultKind};
use crate::json::Digest;
use crate::machine::{Ask, AskId, LeftOpen, RunContext};
use crate::position::Position;
use crate::references::{Entry, Handle, ReferenceFault, find};
use crate::specs::{ReferenceSpec, RuntimeSpec};
use crate::store::{Batch, HistoryKey, Store, StoreError, Write};
use crate::value::{Outcome, Value};

use super::plan_tools;
use super::standing::Standing;

/// A store that several runs share.
pub type SharedStore = Arc<Mutex<dyn Store>>;

/// What a run asked a human and has no answer to.
pub(super) struct Pending {
    pub approval_id: String,
    pub position: Position,
    pub expires_at: i64,
}

/// One run's place at the store.
pub struct Desk {
    pub(super) store: SharedStore,
    pub(super) context: RunContext,
    pub(super) spec: Arc<RuntimeSpec>,
    pub(super) pending: BTreeMap<AskId, Pending>,
    pub(super) told: Vec<(Position, EventBody)>,
    /// Questions about writes that nothing of the run waits for, by their approvals.
    pub(super) left_open: BTreeMap<String, LeftOpen>,
    /// Writes of it that are to be made again.
    pub(super) again: BTreeMap<String, LeftOpen>,
    /// The plans that the run began and did not end, with where it began them.
    pub(super) begun: BTreeMap<String, Position>,
    /// Asks whose questions a new revision of their plan made void.
    pub(super) voided: Vec<AskId>,
    /// By plan type, the digest of the tools that perform its actions.
    pub(super) plan_tools: BTreeMap<String, String>,
    secret: [u8; 32],
    drawn: u64,
    /// The next id, where a recording has it.
    pub(super) dictated: Option<String>,
    /// Ids that a recording has, which nothing else may be called by.
    pub(super) reserved: BTreeSet<String>,
    /// What was asked of people before the run was resumed.
    pub(super) standing: Standing,
    /// Whether something waits for the run's next batch.
    staged: Cell<bool>,
}

impl Desk {
    /// A desk for one run; ids are drawn from the secret, which nobody may guess.
    #[must_use]
    pub fn new(store: SharedStore, context: RunContext, spec: Arc<RuntimeSpec>, secret: [u8; 32]) -> Self {
        let plan_tools = plan_tools::of(&spec);
        Self {
            store,
            context,
            spec,
            pending: BTreeMap::new(),
            told: Vec::new(),
            left_open: BTreeMap::new(),
            again: BTreeMap::new(),
            begun: BTreeMap::new(),
            voided: Vec::new(),
            plan_tools,
            secret,
            drawn: 0,
            dictated: None,
            reserved: BTreeSet::new(),
            standing: Standing::default(),
            staged: Cell::new(false),
        }
    }

    /// Performs an effect on the store.
    ///
    /// # Errors
    /// What the store or the lifecycle refuses; [`FaultKind::UnhandledEffect`] for any other effect.
    pub fn perform(&mut self, ask: &Ask, now: i64) -> Outcome {
        let position = &ask.position;
        match &ask.effect {
            Effect::StoreRef(store) => self.store_reference(position, store, now),
            Effect::LoadRef(load) => self.load_reference(position, load, now),
            Effect::LoadHistory(load) => self.load_history(&load.agent),
            Effect::SaveHistory(save) => self.save_history(save),
            Effect::StorePlan(store) => self.store_plan(position, store, now),
            Effect::LoadPlan(load) => self.load_plan(load, now),
            Effect::AdvancePlan(advance) => self.advance_plan(position, advance, ask.clearance(), now),
            other => {
                Err(Fault::new(FaultKind::UnhandledEffect, format!("the store does not answer `{}`", other.kind())))
            }
        }
    }

    /// Keeps a value and gives its handle.
    ///
    /// # Errors
    /// [`FaultKind::GlimpseTooLarge`], [`FaultKind::ValueNotJson`], [`FaultKind::StorageError`].
    pub fn store_reference(&mut self, position: &Position, store: &StoreRef, now: i64) -> Outcome {
        let spec = self.reference_spec(store);
        let value = store.value.to_json()?;
        let entry = Entry::new(&self.context.tenant, &spec, &value, store.glimpse.clone(), now)
            .map_err(|fault| reference_fault(&fault))?;
        let (handle, bytes) = (entry.handle.clone(), entry.body.len());
        self.commit(Write::Reference(entry))?;
        self.tend(now)?;
        let Handle { kind, id } = handle;
        self.tell(
            position,
            EventBody::ReferenceStored { kind: kind.clone(), id: id.clone(), glimpse: store.glimpse.clone(), bytes },
        );
        Ok(Value::from(json!({"kind": kind, "id": id})))
    }

    /// Gives a value by its handle.
    ///
    /// # Errors
    /// [`FaultKind::ReferenceNotFound`] for an unknown, an expired and a foreign handle alike.
    pub fn load_reference(&mut self, position: &Position, load: &LoadRef, now: i64) -> Outcome {
        let handle = Handle { kind: load.kind.clone(), id: load.id.clone() };
        let entry = self.lock().reference(&self.context.tenant, &handle).map_err(|error| stored(&error))?;
        let value =
            find(entry.as_ref(), &self.context.tenant, &handle, now).map_err(|fault| reference_fault(&fault))?.value();
        self.tell(position, EventBody::ReferenceHydrated { kind: handle.kind, id: handle.id });
        Ok(Value::from(value))
    }

    fn reference_spec(&self, store: &StoreRef) -> ReferenceSpec {
        let known = self.spec.reference(&store.kind).cloned();
        known.unwrap_or_else(|| ReferenceSpec { name: store.kind.clone(), schema: json!({}), ttl_ms: store.ttl_ms })
    }

    fn load_history(&self, agent: &str) -> Outcome {
        let Some(key) = self.history_key(agent) else { return Ok(Value::from(json!([]))) };
        let turns = self.lock().history(&key).map_err(|error| stored(&error))?;
        Ok(Value::from(Json::Array(turns)))
    }

    /// Adds to what is kept, so that calls of one agent at the same time lose nothing of each other.
    fn save_history(&self, save: &SaveHistory) -> Outcome {
        let Some(key) = self.history_key(&save.agent) else { return Ok(Value::null()) };
        let messages = save.turns.to_vec().iter().map(|message| json!(message)).collect();
        let kept = self.lock().history(&key).map_err(|error| stored(&error))?.len();
        let keep = if save.replaces { 0 } else { kept };
        self.commit(Write::History { key, keep, messages })?;
        Ok(Value::null())
    }

    fn history_key(&self, agent: &str) -> Option<HistoryKey> {
        let thread = self.context.thread_id.clone()?;
        Some(HistoryKey { tenant: self.context.tenant.clone(), thread, agent: agent.to_owned() })
    }

    /// A fresh id that cannot be guessed and is the same when the run is replayed.
    pub(super) fn draw_id(&mut self, prefix: &str) -> String {
        if let Some(id) = self.dictated.take() {
            return id;
        }
        loop {
            self.drawn = self.drawn.saturating_add(1);
            let seed = format!("{}:{prefix}:{}", self.context.run_id, self.drawn);
            let id = Digest::keyed(&self.secret, seed.as_bytes()).to_string();
            let id = format!("{prefix}_{}", id.get(..32).unwrap_or(&id));
            if !self.reserved.contains(&id) {
                return id;
            }
        }
    }

    /// The thread that plans belong to: a run without one is its own.
    pub(super) fn thread(&self) -> String {
        self.context.thread_id.clone().unwrap_or_else(|| format!("run:{}", self.context.run_id))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, dyn Store + 'static> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn commit(&self, write: Write) -> Result<(), Fault> {
        self.commit_all(Batch::new().with(write))
    }

    /// Writes what becomes durable with the run's next batch.
    pub(super) fn commit_all(&self, batch: Batch) -> Result<(), Fault> {
        self.staged.set(true);
        self.lock().stage(&self.context.run_id, batch).map_err(|error| stored(&error))
    }

    /// Writes what is durable at once.
    pub(super) fn commit_now(&self, batch: Batch) -> Result<(), Fault> {
        self.lock().commit(batch).map_err(|error| stored(&error))
    }

    /// Whether something was written since the last batch.
    pub(super) fn take_staged(&self) -> bool {
        self.staged.take()
    }

    /// Lets the store drop what is over, now and then.
    pub(super) fn tend(&self, now: i64) -> Result<(), Fault> {
        self.lock().tend(now).map_err(|error| stored(&error))
    }

    pub(super) fn tell(&mut self, position: &Position, body: EventBody) {
        self.told.push((position.clone(), body));
    }

    /// Notes what a recording says that the desk told.
    pub fn tell_at(&mut self, position: &Position, body: EventBody) {
        self.tell(position, body);
    }

    /// What happened at the desk since the last call.
    pub fn take_told(&mut self) -> Vec<(Position, EventBody)> {
        std::mem::take(&mut self.told)
    }
}

pub(super) fn stored(error: &StoreError) -> Fault {
    error.fault()
}

fn reference_fault(fault: &ReferenceFault) -> Fault {
    let kind = match fault {
        ReferenceFault::GlimpseTooLarge { .. } => FaultKind::GlimpseTooLarge,
        ReferenceFault::Json(_) => FaultKind::ValueNotJson,
        ReferenceFault::NotFound { .. } | ReferenceFault::NotAHandle { .. } => FaultKind::ReferenceNotFound,
    };
    let told = Fault::new(kind, fault.to_string());
    match fault.hint() {
        Some(hint) => told.hint(hint),
        None => told,
    }
}
