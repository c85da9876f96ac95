//! The desk: what a run keeps in the store, and the events that tell of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value as Json, json};

use crate::effects::{Effect, LoadRef, MessageLog, StoreRef, Tool};
use crate::events::EventBody;
use crate::fault::{Fault, FaultKind};
use crate::json::Digest;
use crate::machine::{Ask, AskId, RunContext};
use crate::position::Position;
use crate::references::{Entry, Handle, ReferenceFault, find};
use crate::specs::{ReferenceSpec, RuntimeSpec};
use crate::store::{Batch, HistoryKey, Store, StoreError, Write};
use crate::value::{Outcome, Value};

/// A store that several runs share.
pub type SharedStore = Arc<Mutex<dyn Store>>;

/// What a run asked a human and has no answer to.
pub(super) struct Pending {
    pub approval_id: String,
    pub position: Position,
    pub expires_at: i64,
    pub tool: Option<Arc<Tool>>,
}

/// One run's place at the store.
pub struct Desk {
    pub(super) store: SharedStore,
    pub(super) context: RunContext,
    pub(super) spec: Arc<RuntimeSpec>,
    pub(super) pending: BTreeMap<AskId, Pending>,
    pub(super) told: Vec<(Position, EventBody)>,
    secret: [u8; 32],
    drawn: u64,
}

impl Desk {
    /// A desk for one run; ids are drawn from the secret, which nobody may guess.
    #[must_use]
    pub fn new(store: SharedStore, context: RunContext, spec: Arc<RuntimeSpec>, secret: [u8; 32]) -> Self {
        Self { store, context, spec, pending: BTreeMap::new(), told: Vec::new(), secret, drawn: 0 }
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
            Effect::SaveHistory(save) => self.save_history(&save.agent, &save.turns),
            Effect::StorePlan(store) => self.store_plan(position, store),
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

    fn save_history(&self, agent: &str, turns: &MessageLog) -> Outcome {
        let Some(key) = self.history_key(agent) else { return Ok(Value::null()) };
        let messages = turns.to_vec().iter().map(|message| json!(message)).collect();
        self.commit(Write::History { key, keep: 0, messages })?;
        Ok(Value::null())
    }

    fn history_key(&self, agent: &str) -> Option<HistoryKey> {
        let thread = self.context.thread_id.clone()?;
        Some(HistoryKey { tenant: self.context.tenant.clone(), thread, agent: agent.to_owned() })
    }

    /// A fresh id that cannot be guessed and is the same when the run is replayed.
    pub(super) fn draw_id(&mut self, prefix: &str) -> String {
        self.drawn = self.drawn.saturating_add(1);
        let seed = format!("{}:{prefix}:{}", self.context.run_id, self.drawn);
        let id = Digest::keyed(&self.secret, seed.as_bytes()).to_string();
        format!("{prefix}_{}", id.get(..32).unwrap_or(&id))
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

    pub(super) fn commit_all(&self, batch: Batch) -> Result<(), Fault> {
        self.lock().commit(batch).map_err(|error| stored(&error))
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
    Fault::new(FaultKind::StorageError, error.to_string())
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
