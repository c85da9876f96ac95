//! A provider for tests of what stands around one: it says nothing.

use flowai_core::effects::ModelAnswer;
use flowai_core::fault::{Fault, FaultKind};
use serde_json::Value as Json;

use super::{Ending, Listener, Provider, Request};
use crate::question::Question;
use crate::settings::OutputMode;

pub(crate) struct Silent;

impl Provider for Silent {
    fn api(&self) -> &'static str {
        "silent"
    }

    fn request(&self, _: &Question) -> Result<Request, Fault> {
        Err(Fault::new(FaultKind::RequestInvalid, "silent"))
    }

    fn authorize(&self, key: &str) -> (&'static str, String) {
        ("authorization", format!("Bearer {key}"))
    }

    fn listen(&self) -> Box<dyn Listener> {
        unreachable!("nobody speaks")
    }

    fn read(&self, _: &Json) -> Result<ModelAnswer, Fault> {
        Err(Fault::new(FaultKind::StreamMalformed, "silent"))
    }

    fn ending(&self, _: &ModelAnswer) -> Ending {
        Ending::Whole
    }

    fn fault(&self, _: u16, _: &str) -> Fault {
        Fault::new(FaultKind::ServerFailed, "silent")
    }

    fn output_mode(&self, _: &str) -> OutputMode {
        OutputMode::Native
    }
}
