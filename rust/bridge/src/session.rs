//! A session as Python drives it: one run, its work, its events.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flowai_core::effects::{Effect, LoadRef, StoreRef};
use flowai_core::events::EventBody;
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::machine::{Ask, AskId};
use flowai_core::session::{Desk, Session as Core, read_decision};
use flowai_core::value::{Outcome, Value};
use flowai_interp_eval::{Parent, Recording, Schedule};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use serde_json::Value as Json;

use crate::ask::Catalogue;
use crate::bell::Bell;
use crate::claimed::Claimed;
use crate::config::Config;
use crate::custom::Custom;
use crate::deltas::{self, Ear, SharedDeltas};
use crate::fault::{error_of, fault_of_value};
use crate::handlers::{Answers, encoded};
use crate::inbox::{HungRope, Inbox, News, ring};
use crate::json::{from_python, to_python};
use crate::keeping::keeping;
use crate::open::later;
use crate::prices::settings;
use crate::pyser::EventWriter;
use crate::room::Room;
use crate::rows::Frame;
use crate::runtime::Runtime;
use crate::secrets::without;
use crate::setup::{Outside, interpreter, model_answer, read_answers};
use crate::value::{answer, to_object};

/// One run.
#[pyclass(module = "flowai._bridge", frozen)]
pub struct Session {
    room: Room,
    pub(crate) inbox: Arc<Inbox>,
    rope: HungRope,
    pub(crate) catalogue: Arc<Catalogue>,
    /// The desk of tools, which store and load references while the run goes on.
    pub(crate) side: Mutex<Desk>,
    working: Mutex<HashMap<AskId, Ask>>,
    pub(crate) answers: Arc<Answers>,
    /// How the run is scheduled, for the recording.
    schedule: Schedule,
    /// The run that this one left, for the recording.
    parent: Option<Parent>,
    deltas: SharedDeltas,
}

#[pymethods]
impl Session {
    #[new]
    #[pyo3(signature = (runtime, config, answers, prices = None, claimed = None))]
    fn new(
        py: Python<'_>,
        runtime: &Bound<'_, Runtime>,
        config: &Bound<'_, PyAny>,
        answers: &Bound<'_, PyDict>,
        prices: Option<Py<PyAny>>,
        claimed: Option<&Bound<'_, Claimed>>,
    ) -> PyResult<Self> {
        let raise = |fault: Fault| error_of(py, &fault);
        let mut config = from_python(config).and_then(Config::read).map_err(raise)?;
        let claimed = claimed.map(Bound::get);
        let answers = Arc::new(read_answers(answers)?);
        let runtime = runtime.get();
        let (inbox, rope) = (Arc::new(Inbox::default()), Arc::new(Mutex::new(None)));
        let catalogue = Arc::clone(claimed.map_or(&runtime.catalogue, |claimed| &claimed.catalogue));
        let desk = || {
            let (store, spec) = (Arc::clone(&runtime.store), Arc::clone(&catalogue.spec));
            Desk::new(store, config.context(), spec, config.secret())
        };
        let (side, mut desk) = (Mutex::new(desk()), desk());
        if let Some(claimed) = claimed {
            desk.stand(&claimed.lines());
        }
        let settings = settings(&config, prices);
        let deltas = deltas::shared(config.deltas);
        let (context, keep, parent) = (config.context(), config.keep.take(), config.parent.clone());
        let outside = Outside::new(&inbox, &rope, &runtime.exchange, &deltas);
        let mut interpreter = interpreter(config, &answers, outside, claimed).map_err(raise)?;
        let schedule = Schedule { seed: interpreter.seed(), real_time: interpreter.sleeps(), started_at: 0 };
        let began = interpreter.now();
        let mut core = Core::new(interpreter, desk, settings);
        if let Some(keeping) = keeping(runtime, &context, keep, claimed, began, (&inbox, &rope)) {
            core = core.keeping(keeping);
        }
        let room = Room::new(core);
        Ok(Self { room, inbox, rope, catalogue, side, working: Mutex::default(), answers, schedule, parent, deltas })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.answers.traverse(&visit)
    }

    fn __clear__(&self) {
        self.answers.clear();
    }

    /// Begins a program, or an agent's task when a name and a prompt are given.
    fn start(&self, py: Python<'_>, name: &str, program: Bound<'_, PyAny>) -> PyResult<()> {
        let program = match program.cast::<PyTuple>() {
            Ok(task) => self.task(py, task)?,
            Err(_) => later(program, &Frame::outermost(&self.catalogue)),
        };
        self.begin(py, name, program)
    }

    /// Begins to take actions of a plan back with the undos of an executor.
    fn start_undo(
        &self,
        py: Python<'_>,
        agent: &str,
        plan_id: &str,
        actions: Option<Vec<usize>>,
        by: &str,
    ) -> PyResult<()> {
        let program = self.undo_program(py, agent, plan_id, actions, by)?;
        self.begin(py, &format!("undo {plan_id}"), program)
    }

    /// Begins to make a write again that another run left in doubt.
    fn start_again(&self, py: Python<'_>, left_by: &Bound<'_, Self>, approval_id: &str) -> PyResult<()> {
        let program = left_by.get().again_program(py, approval_id)?;
        self.begin(py, &format!("run again {approval_id}"), program)
    }

    /// Which bell to ring, under which number, when news comes from outside Python.
    fn hang(&self, bell: &Bound<'_, Bell>, run: u64) {
        let rope = &bell.get().rope;
        *self.rope.lock().unwrap_or_else(PoisonError::into_inner) = Some((Arc::downgrade(rope), run));
        rope.ring(run);
    }

    /// Goes on as far as it can; gives the work to do, the work to drop, when to come back, and whether it is over.
    #[expect(clippy::type_complexity, reason = "a tuple is the cheapest thing to hand over")]
    fn advance<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<Option<(Bound<'py, PyList>, Vec<(u32, u64)>, Option<i64>, bool)>> {
        let Some(mut core) = self.room.drive(py) else { return Ok(None) };
        let (mut work, mut dropped) = (PyList::empty(py), Vec::new());
        loop {
            while let Some(news) = self.inbox.take() {
                news.read(&mut core, &self.deltas);
            }
            let progress = core.advance();
            dropped.extend(progress.dropped.iter().map(|id| id.pair()));
            for (ask, kind) in progress.work {
                self.add_work(&mut work, ask, &kind);
            }
            if self.inbox.is_empty() {
                return Ok(Some((work, dropped, progress.wake_at, progress.finished)));
            }
        }
    }

    /// Answers one piece of work with a value in JSON types.
    fn complete(&self, id: (u32, u64), value: Bound<'_, PyAny>) {
        let is_model =
            matches!(self.working().get(&AskId::of_pair(id)).map(|ask| &ask.effect), Some(Effect::CallModel(_)));
        let outcome = if is_model { model_answer(&value) } else { answer(value) };
        self.answered(id, outcome.map_err(|fault| self.unwritten(id, fault)));
    }

    /// Answers a user's effect with what its handler gave.
    fn handled(&self, id: (u32, u64), value: Bound<'_, PyAny>) {
        let effect = self.working().get(&AskId::of_pair(id)).map(|ask| ask.effect.clone());
        let outcome = match &effect {
            Some(Effect::Custom(custom)) => {
                let custom = custom.as_any().downcast_ref::<Custom>();
                match custom.and_then(|custom| custom.effect(value.py())) {
                    Some(effect) => encoded(&effect, value),
                    None => answer(value),
                }
            }
            _ => answer(value),
        };
        self.answered(id, outcome);
    }

    /// Says that a piece of work failed.
    #[pyo3(signature = (id, error, kind = None, message = None))]
    fn fail(&self, id: (u32, u64), error: &Bound<'_, PyAny>, kind: Option<&str>, message: Option<&str>) {
        let fault = fault_of_value(error);
        let named = kind.and_then(|kind| serde_json::from_value::<FaultKind>(Json::String(kind.to_owned())).ok());
        let fault = match named {
            Some(kind) => self.around(id, &fault, kind, without(error.py(), message.unwrap_or_default().to_owned())),
            None => fault,
        };
        self.answered(id, Err(fault));
    }

    /// Goes on with a scripted turn that was worked out.
    fn worked_out(&self, py: Python<'_>, id: (u32, u64), turn: &Bound<'_, PyAny>) -> PyResult<()> {
        let turn = from_python(turn).map_err(|fault| error_of(py, &fault))?;
        self.working().remove(&AskId::of_pair(id));
        self.inbox.put(News::WorkedOut(AskId::of_pair(id), turn));
        Ok(())
    }

    /// Says that time has passed.
    fn tick(&self) {
        self.inbox.put(News::Tick);
    }

    /// Cancels the run; the driver has to advance it.
    #[pyo3(signature = (reason = None))]
    fn cancel(&self, py: Python<'_>, reason: Option<String>) {
        self.inbox.put(News::Cancel(reason.map(|reason| without(py, reason))));
    }

    /// Keeps a human's decision; the driver has to advance the run, which hears of it there. Says whether a write has
    /// to be made again.
    #[pyo3(signature = (approval_id, decision, principal, at))]
    fn decide(
        &self,
        py: Python<'_>,
        approval_id: &str,
        decision: &Bound<'_, PyAny>,
        principal: Option<String>,
        at: i64,
    ) -> PyResult<bool> {
        let raise = |fault: Fault| error_of(py, &fault);
        let decision =
            from_python(decision).and_then(|decision| read_decision(&decision, principal, at)).map_err(raise)?;
        let (ruled, runs_again) = self.with_core(py, |core| core.record(approval_id, &decision))?.map_err(raise)?;
        if let Some((id, ruling)) = ruled {
            self.inbox.put(News::Ruled(id, ruling));
        }
        Ok(runs_again)
    }

    /// Whether nothing is at work in the core; where wished, only while people are waited for.
    fn is_idle(&self, py: Python<'_>, only_paused: bool) -> PyResult<bool> {
        self.with_core(py, |core| core.is_idle(only_paused))
    }

    /// Whether the run ended here and not in the store.
    fn has_stopped(&self, py: Python<'_>) -> PyResult<bool> {
        self.with_core(py, |core| core.has_stopped())
    }

    /// Lets nobody drive the run any more, so that whoever answers for it goes on with it.
    fn let_go(&self, py: Python<'_>) -> PyResult<()> {
        self.with_core(py, Core::let_go)
    }

    /// The answer of the run; raises what ended it otherwise.
    fn outcome<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let outcome = self.with_core(py, |core| core.outcome().cloned())?;
        match outcome {
            Some(Ok(value)) => to_object(py, &value).map(Some),
            Some(Err(fault)) => Err(error_of(py, &fault)),
            None => Ok(None),
        }
    }

    /// The events after the first `after`, in JSON types.
    fn events<'py>(&self, py: Python<'py>, after: usize) -> PyResult<Bound<'py, PyList>> {
        let (list, mut writer) = (PyList::empty(py), EventWriter::new(py));
        self.with_core(py, |core| core.events(after).iter().try_for_each(|event| list.append(writer.write(event)?)))??;
        Ok(list)
    }

    /// A reader's place in the stream of the run.
    fn listen(&self) -> Ear {
        self.deltas.lock().unwrap_or_else(PoisonError::into_inner).listen()
    }

    /// The events after the first `after`, with the pieces of answers that this reader was shown in their places.
    fn told<'py>(&self, py: Python<'py>, after: usize, ear: &Bound<'py, Ear>) -> PyResult<Bound<'py, PyList>> {
        self.with_core(py, |core| deltas::told(py, core, after, ear.get()))?
    }

    /// The time of the run's clock, in milliseconds.
    fn now(&self, py: Python<'_>) -> PyResult<i64> {
        self.with_core(py, Core::now)
    }

    /// The approvals that the run waits for.
    fn waiting(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.with_core(py, |core| core.desk().waiting())
    }

    /// The approvals about writes that nothing of the run waits for.
    fn left_open(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.with_core(py, |core| core.desk().left_open())
    }

    /// What was asked and answered, in JSON types.
    fn recording<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let recording = self.with_core(py, |core| {
            let schedule = Schedule { started_at: core.started_at(), ..self.schedule };
            let context = core.machine().context().clone();
            Recording::of(&context, schedule, core.machine().journal().records())
        })?;
        let mut recording = recording.map_err(|fault| error_of(py, &fault))?;
        recording.parent.clone_from(&self.parent);
        let written = serde_json::to_value(&recording)
            .map_err(|error| error_of(py, &Fault::new(FaultKind::ValueNotJson, error.to_string())))?;
        to_python(py, &written)
    }

    /// Keeps a value for a tool and gives its handle.
    #[expect(clippy::too_many_arguments, reason = "Python passes them one by one")]
    fn store_reference<'py>(
        &self,
        py: Python<'py>,
        id: (u32, u64),
        kind: String,
        value: &Bound<'py, PyAny>,
        glimpse: &Bound<'py, PyAny>,
        ttl_ms: i64,
        now: i64,
    ) -> PyResult<Bound<'py, PyAny>> {
        let raise = |fault: Fault| error_of(py, &fault);
        let (value, glimpse) = (from_python(value).map_err(raise)?, from_python(glimpse).map_err(raise)?);
        let store = StoreRef { kind, value: Value::from(value), glimpse, ttl_ms };
        self.at_desk(py, id, |desk, ask| desk.store_reference(&ask.position, &store, now))
    }

    /// Gives a tool the value of a handle.
    fn load_reference<'py>(
        &self,
        py: Python<'py>,
        id: (u32, u64),
        kind: String,
        content_id: String,
        now: i64,
    ) -> PyResult<Bound<'py, PyAny>> {
        let load = LoadRef { kind, id: content_id };
        self.at_desk(py, id, |desk, ask| desk.load_reference(&ask.position, &load, now))
    }

    /// Tells how far a tool is.
    fn progress(&self, py: Python<'_>, id: (u32, u64), report: &Bound<'_, PyAny>) -> PyResult<()> {
        let report = from_python(report).map_err(|fault| error_of(py, &fault))?;
        let Some(ask) = self.working().get(&AskId::of_pair(id)).cloned() else { return Ok(()) };
        let tool = if let Effect::CallTool(call) = &ask.effect { call.tool.spec.name.clone() } else { String::new() };
        self.inbox.put(News::Told(ask.position, EventBody::ToolProgressed { tool, report }));
        Ok(())
    }
}

impl Session {
    /// Looks into the core, and calls a driver back that came meanwhile.
    pub(crate) fn with_core<R>(&self, py: Python<'_>, act: impl FnOnce(&mut Core) -> R) -> PyResult<R> {
        let mut core = self.room.read(py)?;
        let found = act(&mut core);
        drop(core);
        if self.room.take_missed() {
            ring(&self.rope);
        }
        Ok(found)
    }

    pub(crate) fn working(&self) -> MutexGuard<'_, HashMap<AskId, Ask>> {
        self.working.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn answered(&self, id: (u32, u64), outcome: Outcome) {
        let id = AskId::of_pair(id);
        self.working().remove(&id);
        self.inbox.put(News::Answered(id, outcome));
    }
}
