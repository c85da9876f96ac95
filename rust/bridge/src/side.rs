//! The desk beside a run, at which its tools store and load references.

use std::sync::PoisonError;

use flowai_core::fault::{Fault, FaultKind};
use flowai_core::machine::{Ask, AskId};
use flowai_core::session::Desk;
use flowai_core::value::Outcome;
use pyo3::prelude::*;

use crate::exit::Inside;
use crate::fault::error_of;
use crate::inbox::News;
use crate::session::Session;
use crate::value::to_object;

impl Session {
    pub(crate) fn at_desk<'py>(
        &self,
        py: Python<'py>,
        id: (u32, u64),
        act: impl FnOnce(&mut Desk, &Ask) -> Outcome,
    ) -> PyResult<Bound<'py, PyAny>> {
        let ask = self.working().get(&AskId::of_pair(id)).cloned();
        let Some(ask) = ask else {
            let fault = Fault::new(FaultKind::ProgramError, "a tool may use its references only while it runs");
            return Err(error_of(py, &fault));
        };
        let _counted = Inside::enter();
        let mut side = self.side.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = act(&mut side, &ask);
        // Through the inbox, behind what the tool has told before.
        side.take_told().into_iter().for_each(|(position, body)| self.inbox.put(News::Told(position, body)));
        drop(side);
        outcome.map_err(|fault| error_of(py, &fault)).and_then(|value| to_object(py, &value))
    }
}
