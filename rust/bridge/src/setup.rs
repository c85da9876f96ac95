//! Setting a session up: its interpreter, and what the user answers in its place.

use std::collections::HashMap;
use std::sync::Arc;

use flowai_core::effects::ModelAnswer;
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::json::decode;
use flowai_core::session::{Answerer, Interpreter, NoAnswers, Resumed};
use flowai_core::value::{Outcome, Value};
use flowai_interp_eval::{Inert, Recording, Replay};
use flowai_interp_live::Live;
use flowai_interp_test::Test;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::claimed::Claimed;
use crate::config::{Config, Which};
use crate::courier::{Letters, Messenger};
use crate::deltas::SharedDeltas;
use crate::exchange::Exchange;
use crate::fault::Reviver;
use crate::handlers::{Answer, Answers, Asking};
use crate::inbox::{HungRope, Inbox, Sleeper};
use crate::json::from_python;

/// The ways out of a run: what wakes it, and what carries its questions to models.
pub struct Outside {
    pub sleeper: Sleeper,
    pub messenger: Messenger,
}

impl Outside {
    pub fn new(inbox: &Arc<Inbox>, rope: &HungRope, exchange: &Arc<Exchange>, deltas: &SharedDeltas) -> Self {
        Self {
            sleeper: Sleeper::new(inbox, rope),
            messenger: Messenger {
                exchange: Arc::clone(exchange),
                letters: Arc::new(Letters { inbox: Arc::clone(inbox), rope: Arc::clone(rope) }),
                deltas: Arc::clone(deltas),
                under_way: HashMap::new(),
            },
        }
    }
}

pub fn interpreter(
    mut config: Config,
    answers: &Arc<Answers>,
    outside: Outside,
    claimed: Option<&Claimed>,
) -> Result<Box<dyn Interpreter>, Fault> {
    if let Some(claimed) = claimed {
        let inner = inner(config, answers, outside)?;
        return Ok(Box::new(Resumed::new(claimed.lines(), claimed.row.value.started_at, inner, Box::new(Reviver))));
    }
    let recording = config.replay.take().map(Recording::read).transpose()?;
    let (goes_on, writes) = (config.goes_on, config.inert.take());
    let inner = inner(config, answers, outside)?;
    let inner = match writes {
        Some(writes) => Box::new(Inert::new(inner, writes, Box::new(Reviver))),
        None => inner,
    };
    Ok(match recording {
        Some(recording) => Box::new(Replay::new(recording, Box::new(Reviver), goes_on.then_some(inner))),
        None => inner,
    })
}

fn inner(mut config: Config, answers: &Arc<Answers>, outside: Outside) -> Result<Box<dyn Interpreter>, Fault> {
    let answerer: Box<dyn Answerer> =
        if answers.is_empty() { Box::new(NoAnswers) } else { Box::new(Asking(Arc::clone(answers))) };
    Ok(match config.interpreter {
        Which::Live => Box::new(Live::new(
            config.entropy.first().copied().unwrap_or_default(),
            config.attended,
            answerer,
            Box::new(outside.sleeper),
            Box::new(outside.messenger),
        )),
        Which::Test => {
            let asked = answers.by_name.contains("Sleep");
            Box::new(Test::new(config.test()?, answerer).asked_for_sleeps(asked))
        }
    })
}

/// What a gateway of the user's answered for a model.
pub fn model_answer(value: &Bound<'_, PyAny>) -> Outcome {
    let read = decode::<ModelAnswer>(from_python(value)?);
    read.map(|answer| Value::Model(Arc::new(answer)))
        .map_err(|error| Fault::new(FaultKind::ModelFailed, format!("this is no answer of a model: {error}")))
}

/// The user's functions by effect class: `{class: (function, is_async)}`.
pub fn read_answers(written: &Bound<'_, PyDict>) -> PyResult<Answers> {
    let mut answers = Answers::default();
    for (class, pair) in written {
        let (function, is_async): (Py<PyAny>, bool) = pair.extract()?;
        if class.getattr("__module__")?.extract::<String>()?.starts_with("flowai.effects.") {
            answers.by_name.insert(class.getattr("kind")?.extract()?);
        }
        answers.add(Answer { function, is_async, class: class.unbind() });
    }
    Ok(answers)
}
