//! A session as Python drives it: one run, its work, its events.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::{ThreadId, current, sleep};
use std::time::Duration;

use flowai_core::effects::{Effect, LoadRef, ModelAnswer, StoreRef};
use flowai_core::events::EventBody;
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::journal::Teller;
use flowai_core::machine::{Ask, AskId, Settings};
use flowai_core::session::{Answerer, Desk, HostWork, Interpreter, NoAnswers, Session as Core, read_decision};
use flowai_core::value::{Outcome, Value};
use flowai_interp_eval::{Recording, Replay};
use flowai_interp_live::{Alarm, Live};
use flowai_interp_test::Test;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use serde_json::Value as Json;

use crate::ask::{Catalogue, Custom, HostTool};
use crate::bell::{Bell, Rope, runtime};
use crate::config::{Config, Which};
use crate::fault::{Reviver, error_of, fault_of_value};
use crate::handlers::{Answer, Answers, Asking, encoded};
use crate::json::{from_python, to_python};
use crate::open::later;
use crate::pyser::write_event;
use crate::rows::Frame;
use crate::runtime::Runtime;
use crate::value::{answer, to_object};

/// News for a session, from any thread.
enum News {
    Answered(AskId, Outcome),
    WorkedOut(AskId, Json),
    Cancel(Option<String>),
    Told(Ask, EventBody),
    Tick,
}

/// Where news waits until the driver comes for it.
#[derive(Default)]
struct Inbox {
    news: Mutex<VecDeque<News>>,
}

impl Inbox {
    fn put(&self, news: News) {
        self.news.lock().unwrap_or_else(PoisonError::into_inner).push_back(news);
    }

    fn take(&self) -> Option<News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// Sleeps on tokio and rings the bell of the loop that drives the run.
struct Sleeper {
    inbox: Arc<Inbox>,
    rope: Arc<Mutex<Option<(Arc<Rope>, u64)>>>,
}

impl Alarm for Sleeper {
    fn sleep(&mut self, id: AskId, wait_ms: i64) {
        let (inbox, rope) = (Arc::clone(&self.inbox), Arc::clone(&self.rope));
        let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0));
        let Ok(runtime) = runtime() else {
            inbox.put(News::Answered(id, Err(Fault::new(FaultKind::EffectFailed, "the timer threads cannot be started"))));
            return;
        };
        drop(runtime.spawn(async move {
            tokio::time::sleep(wait).await;
            inbox.put(News::Answered(id, Ok(Value::null())));
            if let Some((rope, run)) = rope.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
                rope.ring(*run);
            }
        }));
    }
}

/// Notes which thread drives a run while it lives.
struct Driving<'a>(&'a Mutex<Option<ThreadId>>);

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
    rope: Arc<Mutex<Option<(Arc<Rope>, u64)>>>,
    catalogue: Arc<Catalogue>,
    /// The desk of tools, which store and load references while the run goes on.
    side: Mutex<Desk>,
    working: Mutex<HashMap<AskId, Ask>>,
    answers: Arc<Answers>,
    driver: Mutex<Option<ThreadId>>,
    /// The seed of the schedule, for the recording.
    seed: Option<u64>,
}

#[pymethods]
impl Session {
    #[new]
    fn new(py: Python<'_>, runtime: &Bound<'_, Runtime>, config: &Bound<'_, PyAny>, answers: &Bound<'_, PyDict>) -> PyResult<Self> {
        let raise = |fault: Fault| error_of(py, &fault);
        let config = from_python(config).and_then(Config::read).map_err(raise)?;
        let answers = Arc::new(read_answers(answers)?);
        let runtime = runtime.get();
        let (inbox, rope) = (Arc::new(Inbox::default()), Arc::new(Mutex::new(None)));
        let desk = || Desk::new(Arc::clone(&runtime.store), config.context(), Arc::clone(&runtime.catalogue.spec), config.secret());
        let (side, desk) = (Mutex::new(desk()), desk());
        let settings = Settings { context: config.context(), grace_ms: config.grace_ms, ..Settings::default() };
        let sleeper = Sleeper { inbox: Arc::clone(&inbox), rope: Arc::clone(&rope) };
        let interpreter = interpreter(config, &answers, sleeper).map_err(raise)?;
        let seed = interpreter.seed();
        let core = Mutex::new(Core::new(interpreter, desk, settings));
        Ok(Self { core, inbox, rope, catalogue: Arc::clone(&runtime.catalogue), side, working: Mutex::default(), answers, driver: Mutex::new(None), seed })
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
    fn advance<'py>(&self, py: Python<'py>) -> PyResult<Option<(Bound<'py, PyList>, Vec<(u32, u64)>, Option<i64>, bool)>> {
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
                self.read(&mut core, news);
            }
            let progress = core.advance();
            dropped.extend(progress.dropped.iter().map(|id| id.pair()));
            for (ask, kind) in progress.work {
                self.add_work(&mut work, ask, &kind)?;
            }
            if self.inbox.news.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
                return Ok(Some((work, dropped, progress.wake_at, progress.finished)));
            }
        }
    }

    /// Answers one piece of work with a value in JSON types.
    fn complete(&self, id: (u32, u64), value: Bound<'_, PyAny>) {
        let is_model = matches!(self.working().get(&AskId::of_pair(id)).map(|ask| &ask.effect), Some(Effect::CallModel(_)));
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
            Some(kind) => self.around(id, fault, kind, message.unwrap_or_default()),
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
    fn decide(&self, py: Python<'_>, approval_id: &str, decision: &Bound<'_, PyAny>, principal: Option<String>, at: i64) -> PyResult<()> {
        let raise = |fault: Fault| error_of(py, &fault);
        let decision = from_python(decision).and_then(|decision| read_decision(&decision, principal, at)).map_err(raise)?;
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
        self.with_core(py, |core| core.events(after).iter().try_for_each(|event| list.append(write_event(py, event)?)))??;
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
            let (context, started_at) = (core.machine().context().clone(), core.started_at());
            Recording::of(&context, started_at, self.seed, core.machine().journal().records())
        })?;
        let recording = recording.map_err(|fault| error_of(py, &fault))?;
        let written = serde_json::to_value(&recording).map_err(|error| error_of(py, &Fault::new(FaultKind::ValueNotJson, error.to_string())))?;
        to_python(py, &written)
    }

    /// Keeps a value for a tool and gives its handle.
    fn store_reference<'py>(&self, py: Python<'py>, id: (u32, u64), kind: String, value: &Bound<'py, PyAny>, glimpse: &Bound<'py, PyAny>, ttl_ms: i64, now: i64) -> PyResult<Bound<'py, PyAny>> {
        let raise = |fault: Fault| error_of(py, &fault);
        let (value, glimpse) = (from_python(value).map_err(raise)?, from_python(glimpse).map_err(raise)?);
        let store = StoreRef { kind, value: Value::from(value), glimpse, ttl_ms };
        self.at_desk(py, id, |desk, ask| desk.store_reference(&ask.position, &store, now))
    }

    /// Gives a tool the value of a handle.
    fn load_reference<'py>(&self, py: Python<'py>, id: (u32, u64), kind: String, content_id: String, now: i64) -> PyResult<Bound<'py, PyAny>> {
        let load = LoadRef { kind, id: content_id };
        self.at_desk(py, id, |desk, ask| desk.load_reference(&ask.position, &load, now))
    }

    /// Tells how far a tool is.
    fn progress(&self, py: Python<'_>, id: (u32, u64), report: &Bound<'_, PyAny>) -> PyResult<()> {
        let report = from_python(report).map_err(|fault| error_of(py, &fault))?;
        let Some(ask) = self.working().get(&AskId::of_pair(id)).cloned() else { return Ok(()) };
        let tool = if let Effect::CallTool(call) = &ask.effect { call.tool.spec.name.clone() } else { String::new() };
        self.inbox.put(News::Told(ask, EventBody::ToolProgressed { tool, report }));
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
        Driving(&self.driver)
    }

    fn working(&self) -> MutexGuard<'_, HashMap<AskId, Ask>> {
        self.working.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn task(&self, py: Python<'_>, task: &Bound<'_, PyTuple>) -> PyResult<flowai_core::machine::Program> {
        let (name, prompt): (String, String) = task.extract()?;
        let agent = self.catalogue.agents.get(&name);
        let agent = agent.ok_or_else(|| error_of(py, &Fault::new(FaultKind::SpecError, format!("there is no agent `{name}`"))))?;
        let call = flowai_core::effects::CallAgent { agent: Arc::clone(agent), prompt };
        Ok(flowai_core::machine::Program::Ask(Effect::CallAgent(Arc::new(call))))
    }

    fn answered(&self, id: (u32, u64), outcome: Outcome) {
        let id = AskId::of_pair(id);
        self.working().remove(&id);
        self.inbox.put(News::Answered(id, outcome));
    }

    /// The failure of a piece of work, with what was raised behind it.
    fn around(&self, id: (u32, u64), raised: Fault, kind: FaultKind, message: &str) -> Fault {
        let mut detail = raised.details().clone();
        if let (FaultKind::ToolFailed, Some(Effect::CallTool(call)), Some(fields)) = (kind, self.working().get(&AskId::of_pair(id)).map(|ask| &ask.effect), detail.as_object_mut()) {
            fields.insert("tool".to_owned(), Json::String(call.tool.spec.name.clone()));
        }
        let fault = Fault::new(kind, message).detail(detail);
        match raised.cause() {
            Some(cause) => fault.caused_by(Arc::clone(cause)),
            None => fault,
        }
    }

    fn read(&self, core: &mut Core, news: News) {
        let mut side = self.side.lock().unwrap_or_else(PoisonError::into_inner);
        for (position, body) in side.take_told() {
            core.tell_at(Teller::Desk, position, body);
        }
        drop(side);
        match news {
            News::Answered(id, outcome) => core.complete(id, outcome),
            News::WorkedOut(id, turn) => core.work_out(id, &turn),
            News::Cancel(reason) => core.cancel(reason),
            News::Told(ask, body) => core.tell_at(Teller::Desk, ask.position, body),
            News::Tick => core.tick(),
        }
    }

    fn at_desk<'py>(&self, py: Python<'py>, id: (u32, u64), act: impl FnOnce(&mut Desk, &Ask) -> Outcome) -> PyResult<Bound<'py, PyAny>> {
        let ask = self.working().get(&AskId::of_pair(id)).cloned();
        let Some(ask) = ask else {
            return Err(error_of(py, &Fault::new(FaultKind::ProgramError, "a tool may use its references only while it runs")));
        };
        let outcome = act(&mut self.side.lock().unwrap_or_else(PoisonError::into_inner), &ask);
        outcome.map_err(|fault| error_of(py, &fault)).and_then(|value| to_object(py, &value))
    }

    /// Writes one piece of work as a tuple: its id, its kind and what it needs.
    fn add_work(&self, list: &mut Bound<'_, PyList>, ask: Ask, work: &HostWork) -> PyResult<()> {
        let py = list.py();
        let id = ask.id.pair();
        let position = ask.position.without_attempts();
        match (work, &ask.effect) {
            (HostWork::Tool, Effect::CallTool(call)) if ask.cleared_call().is_some() => {
                let host = call.tool.host.as_ref().and_then(|host| host.downcast_ref::<HostTool>());
                let tool = host.map(|host| host.0.clone_ref(py));
                let arguments = to_object(py, &call.arguments)?;
                list.append((id, "tool", position, tool, arguments, call.agent.as_deref()))?;
            }
            (HostWork::CheckPlan, Effect::CheckPlan(check)) => {
                list.append((id, "plan", position, &check.plan.name, to_python(py, &check.body)?))?;
            }
            (HostWork::Script(turn), Effect::CallModel(call)) => {
                let messages = serde_json::to_value(call.messages.to_vec()).unwrap_or(Json::Null);
                list.append((id, "script", position, turn, to_python(py, &messages)?))?;
            }
            (HostWork::Handler, effect) => self.add_handler(list, id, position, effect)?,
            _ => self.answered(id, Err(Fault::new(FaultKind::ApprovalError, "the gate did not let this call out"))),
        }
        self.working().insert(ask.id, ask);
        Ok(())
    }

    fn add_handler(&self, list: &Bound<'_, PyList>, id: (u32, u64), position: String, effect: &Effect) -> PyResult<()> {
        let py = list.py();
        if let Effect::Custom(custom) = effect
            && let Some(custom) = custom.host.as_any().downcast_ref::<Custom>()
        {
            let class = custom.effect.bind(py).get_type();
            let found = std::iter::once(class.as_any().clone()).chain(class.mro().iter()).find_map(|class| self.answers.by_class.get(&class.as_ptr().addr()));
            let function = found.map(|answer| answer.function.clone_ref(py));
            return list.append((id, "handler", position, function, custom.effect.clone_ref(py)));
        }
        let written = match effect {
            Effect::CallModel(call) => serde_json::json!({
                "model": call.model, "messages": call.messages.to_vec(), "tools": call.tools.iter().map(|tool| &tool.spec).collect::<Vec<_>>(),
                "output": call.output, "settings": call.settings, "whole": call.whole,
            }),
            other => other.arguments().map_err(|fault| error_of(py, &fault))?,
        };
        let tool = if let Effect::CallTool(call) = effect { call.tool.host.as_ref().and_then(|host| host.downcast_ref::<HostTool>()).map(|host| host.0.clone_ref(py)) } else { None };
        list.append((id, "builtin", position, effect.kind(), to_python(py, &written)?, tool))
    }
}

fn interpreter(mut config: Config, answers: &Arc<Answers>, sleeper: Sleeper) -> Result<Box<dyn Interpreter>, Fault> {
    let recording = config.replay.take().map(Recording::read).transpose()?;
    let goes_on = config.goes_on;
    let inner = inner(config, answers, sleeper)?;
    Ok(match recording {
        Some(recording) => Box::new(Replay::new(recording, Box::new(Reviver), goes_on.then_some(inner))),
        None => inner,
    })
}

fn inner(mut config: Config, answers: &Arc<Answers>, sleeper: Sleeper) -> Result<Box<dyn Interpreter>, Fault> {
    let answerer: Box<dyn Answerer> = if answers.is_empty() { Box::new(NoAnswers) } else { Box::new(Asking(Arc::clone(answers))) };
    Ok(match config.interpreter {
        Which::Live => Box::new(Live::new(config.entropy.first().copied().unwrap_or_default(), config.attended, answerer, Box::new(sleeper))),
        Which::Test => Box::new(Test::new(config.test()?, answerer)),
    })
}

/// What a gateway of the user's answered for a model.
fn model_answer(value: &Bound<'_, PyAny>) -> Outcome {
    let read = serde_json::from_value::<ModelAnswer>(from_python(value)?);
    read.map(|answer| Value::Model(Arc::new(answer))).map_err(|error| Fault::new(FaultKind::ModelFailed, format!("this is no answer of a model: {error}")))
}

/// The user's functions by effect class: `{class: (function, is_async)}`.
fn read_answers(written: &Bound<'_, PyDict>) -> PyResult<Answers> {
    let mut answers = Answers::default();
    for (class, pair) in written {
        let (function, is_async): (Py<PyAny>, bool) = pair.extract()?;
        if class.getattr("__module__")?.extract::<String>()?.starts_with("flowai.effects.") {
            answers.by_name.insert(class.getattr("kind")?.extract()?);
        }
        answers.by_class.insert(class.as_ptr().addr(), Answer { function, is_async, _class: class.unbind() });
    }
    Ok(answers)
}
