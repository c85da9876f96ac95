//! A session as Python drives it: one run, its work, its events.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::{ThreadId, current, sleep};
use std::time::Duration;

use flowai_core::effects::{Effect, LoadRef, StoreRef};
use flowai_core::events::EventBody;
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::journal::Teller;
use flowai_core::machine::{Ask, AskId, Settings};
use flowai_core::session::{Desk, Session as Core, read_decision};
use flowai_core::value::{Outcome, Value};
use flowai_interp_eval::{Recording, Schedule};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use serde_json::Value as Json;

use crate::ask::{Catalogue, Custom};
use crate::bell::Bell;
use crate::config::Config;
use crate::exit::{self, Inside};
use crate::fault::{error_of, fault_of_value};
use crate::handlers::{Answers, encoded};
use crate::inbox::{HungRope, Inbox, News, Sleeper};
use crate::json::{from_python, to_python};
use crate::open::later;
use crate::pyser::write_event;
use crate::rows::Frame;
use crate::runtime::Runtime;
use crate::setup::{interpreter, model_answer, read_answers};
use crate::value::{answer, to_object};

/// Notes which thread drives a run while it lives.
struct Driving<'a>(&'a Mutex<Option<ThreadId>>, Inside);

impl Drop for Driving<'_> {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// One run.
#[pyclass(module = "flowai._bridge", frozen)]
pub struct Session {
    core: Mutex<Core>,
    inbox: Arc<Inbox>,
    rope: HungRope,
    catalogue: Arc<Catalogue>,
    /// The desk of tools, which store and load references while the run goes on.
    side: Mutex<Desk>,
    working: Mutex<HashMap<AskId, Ask>>,
    pub(crate) answers: Arc<Answers>,
    driver: Mutex<Option<ThreadId>>,
    /// How the run is scheduled, for the recording.
    schedule: Schedule,
}

#[pymethods]
impl Session {
    #[new]
    fn new(
        py: Python<'_>,
        runtime: &Bound<'_, Runtime>,
        config: &Bound<'_, PyAny>,
        answers: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        let raise = |fault: Fault| error_of(py, &fault);
        let config = from_python(config).and_then(Config::read).map_err(raise)?;
        let answers = Arc::new(read_answers(answers)?);
        let runtime = runtime.get();
        let (inbox, rope) = (Arc::new(Inbox::default()), Arc::new(Mutex::new(None)));
        let desk = || {
            Desk::new(
                Arc::clone(&runtime.store),
                config.context(),
                Arc::clone(&runtime.catalogue.spec),
                config.secret(),
            )
        };
        let (side, desk) = (Mutex::new(desk()), desk());
        let settings = Settings { context: config.context(), grace_ms: config.grace_ms, ..Settings::default() };
        let sleeper = Sleeper { inbox: Arc::clone(&inbox), rope: Arc::clone(&rope) };
        let interpreter = interpreter(config, &answers, sleeper).map_err(raise)?;
        let schedule = Schedule { seed: interpreter.seed(), real_time: interpreter.sleeps(), started_at: 0 };
        let core = Mutex::new(Core::new(interpreter, desk, settings));
        Ok(Self {
            core,
            inbox,
            rope,
            catalogue: Arc::clone(&runtime.catalogue),
            side,
            working: Mutex::default(),
            answers,
            driver: Mutex::new(None),
            schedule,
        })
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
        self.with_core(py, |core| core.start(name, program))
    }

    /// Which bell to ring, under which number, when news comes from outside Python.
    fn hang(&self, bell: &Bound<'_, Bell>, run: u64) {
        let rope = Arc::clone(&bell.get().rope);
        *self.rope.lock().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(&rope), run));
        rope.ring(run);
    }

    /// Goes on as far as it can; gives the work to do, the work to drop, when to come back, and whether it is over.
    #[expect(clippy::type_complexity, reason = "a tuple is the cheapest thing to hand over")]
    fn advance<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<Option<(Bound<'py, PyList>, Vec<(u32, u64)>, Option<i64>, bool)>> {
        if exit::refuses() {
            return Ok(None);
        }
        let mut core = match self.core.try_lock() {
            Ok(core) => core,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Whoever drives it at this moment takes the news too.
            Err(TryLockError::WouldBlock) => return Ok(None),
        };
        let _driving = self.driving();
        let (mut work, mut dropped) = (PyList::empty(py), Vec::new());
        loop {
            while let Some(news) = self.inbox.take() {
                Self::read(&mut core, news);
            }
            let progress = core.advance();
            dropped.extend(progress.dropped.iter().map(|id| id.pair()));
            for (ask, kind) in progress.work {
                self.add_work(&mut work, ask, &kind)?;
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
        self.answered(id, if is_model { model_answer(&value) } else { answer(value) });
    }

    /// Answers a user's effect with what its handler gave.
    fn handled(&self, id: (u32, u64), value: Bound<'_, PyAny>) {
        let effect = self.working().get(&AskId::of_pair(id)).map(|ask| ask.effect.clone());
        let outcome = match &effect {
            Some(Effect::Custom(custom)) => match custom.host.as_any().downcast_ref::<Custom>() {
                Some(custom) => encoded(custom.effect.bind(value.py()), value),
                None => answer(value),
            },
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
            Some(kind) => self.around(id, &fault, kind, message.unwrap_or_default()),
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
    fn cancel(&self, reason: Option<String>) {
        self.inbox.put(News::Cancel(reason));
    }

    /// Takes a human's decision; the driver has to advance the run.
    #[pyo3(signature = (approval_id, decision, principal, at))]
    fn decide(
        &self,
        py: Python<'_>,
        approval_id: &str,
        decision: &Bound<'_, PyAny>,
        principal: Option<String>,
        at: i64,
    ) -> PyResult<()> {
        let raise = |fault: Fault| error_of(py, &fault);
        let decision =
            from_python(decision).and_then(|decision| read_decision(&decision, principal, at)).map_err(raise)?;
        self.with_core(py, |core| core.decide(approval_id, decision))?.map_err(raise)
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
        let list = PyList::empty(py);
        self.with_core(py, |core| {
            core.events(after).iter().try_for_each(|event| list.append(write_event(py, event)?))
        })??;
        Ok(list)
    }

    /// The time of the run's clock, in milliseconds.
    fn now(&self, py: Python<'_>) -> PyResult<i64> {
        self.with_core(py, Core::now)
    }

    /// The approvals that the run waits for.
    fn waiting(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.with_core(py, |core| core.desk().waiting())
    }

    /// What was asked and answered, in JSON types.
    fn recording<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let recording = self.with_core(py, |core| {
            let schedule = Schedule { started_at: core.started_at(), ..self.schedule };
            let context = core.machine().context().clone();
            Recording::of(&context, schedule, core.machine().journal().records())
        })?;
        let recording = recording.map_err(|fault| error_of(py, &fault))?;
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
    /// Waits for whoever drives the run, without holding Python meanwhile.
    fn with_core<R>(&self, py: Python<'_>, act: impl FnOnce(&mut Core) -> R) -> PyResult<R> {
        loop {
            match self.core.try_lock() {
                Ok(mut core) => {
                    let _driving = self.driving();
                    return Ok(act(&mut core));
                }
                Err(TryLockError::Poisoned(poisoned)) => return Ok(act(&mut poisoned.into_inner())),
                Err(TryLockError::WouldBlock) => {}
            }
            if *self.driver.lock().unwrap_or_else(PoisonError::into_inner) == Some(current().id()) {
                let fault = Fault::new(FaultKind::ProgramError, "a handler cannot look into the run that it answers");
                return Err(error_of(py, &fault.hint("read the run's events after it has gone on")));
            }
            py.detach(|| sleep(Duration::from_micros(50)));
        }
    }

    fn driving(&self) -> Driving<'_> {
        *self.driver.lock().unwrap_or_else(PoisonError::into_inner) = Some(current().id());
        Driving(&self.driver, Inside::enter())
    }

    pub(crate) fn working(&self) -> MutexGuard<'_, HashMap<AskId, Ask>> {
        self.working.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn task(&self, py: Python<'_>, task: &Bound<'_, PyTuple>) -> PyResult<flowai_core::machine::Program> {
        let (name, prompt): (String, String) = task.extract()?;
        let agent = self.catalogue.agents.get(&name);
        let agent = agent
            .ok_or_else(|| error_of(py, &Fault::new(FaultKind::SpecError, format!("there is no agent `{name}`"))))?;
        let call = flowai_core::effects::CallAgent { agent: Arc::clone(agent), prompt };
        Ok(flowai_core::machine::Program::Ask(Effect::CallAgent(Arc::new(call))))
    }

    pub(crate) fn answered(&self, id: (u32, u64), outcome: Outcome) {
        let id = AskId::of_pair(id);
        self.working().remove(&id);
        self.inbox.put(News::Answered(id, outcome));
    }

    /// The failure of a piece of work, with what was raised behind it.
    fn around(&self, id: (u32, u64), raised: &Fault, kind: FaultKind, message: &str) -> Fault {
        let mut detail = raised.details().clone();
        if let (FaultKind::ToolFailed, Some(Effect::CallTool(call)), Some(fields)) =
            (kind, self.working().get(&AskId::of_pair(id)).map(|ask| &ask.effect), detail.as_object_mut())
        {
            fields.insert("tool".to_owned(), Json::String(call.tool.spec.name.clone()));
        }
        let fault = Fault::new(kind, message).detail(detail);
        match raised.cause() {
            Some(cause) => fault.caused_by(Arc::clone(cause)),
            None => fault,
        }
    }

    fn read(core: &mut Core, news: News) {
        match news {
            News::Answered(id, outcome) => core.complete(id, outcome),
            News::WorkedOut(id, turn) => core.work_out(id, &turn),
            News::Cancel(reason) => core.cancel(reason),
            News::Told(position, body) => core.tell_at(Teller::Desk, position, body),
            News::Tick => core.tick(),
        }
    }

    fn at_desk<'py>(
        &self,
        py: Python<'py>,
        id: (u32, u64),
        act: impl FnOnce(&mut Desk, &Ask) -> Outcome,
    ) -> PyResult<Bound<'py, PyAny>> {
        let ask = self.working().get(&AskId::of_pair(id)).cloned();
        let Some(ask) = ask else {
            return Err(error_of(
                py,
                &Fault::new(FaultKind::ProgramError, "a tool may use its references only while it runs"),
            ));
        };
        let mut side = self.side.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = act(&mut side, &ask);
        // Through the inbox, behind what the tool has told before.
        side.take_told().into_iter().for_each(|(position, body)| self.inbox.put(News::Told(position, body)));
        drop(side);
        outcome.map_err(|fault| error_of(py, &fault)).and_then(|value| to_object(py, &value))
    }
}
