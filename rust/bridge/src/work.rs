//! The work of a session as Python takes it over.

use flowai_core::effects::Effect;
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::machine::Ask;
use flowai_core::session::HostWork;
use pyo3::prelude::*;
use pyo3::types::PyList;
use serde_json::Value as Json;

use crate::ask::{Custom, HostTool};
use crate::fault::error_of;
use crate::json::to_python;
use crate::session::Session;
use crate::value::to_object;

impl Session {
    /// Writes one piece of work as a tuple: its id, its kind and what it needs.
    pub(crate) fn add_work(&self, list: &mut Bound<'_, PyList>, ask: Ask, work: &HostWork) -> PyResult<()> {
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
            let function = self.answers.find(custom.effect.bind(py)).map(|(function, _)| function);
            return list.append((id, "handler", position, function, custom.effect.clone_ref(py)));
        }
        let written = match effect {
            Effect::CallModel(call) => serde_json::json!({
                "model": call.model, "messages": call.messages.to_vec(), "tools": call.tools.iter().map(|tool| &tool.spec).collect::<Vec<_>>(),
                "output": call.output, "settings": call.settings, "whole": call.whole,
            }),
            other => other.arguments().map_err(|fault| error_of(py, &fault))?,
        };
        let tool = if let Effect::CallTool(call) = effect {
            call.tool.host.as_ref().and_then(|host| host.downcast_ref::<HostTool>()).map(|host| host.0.clone_ref(py))
        } else {
            None
        };
        list.append((id, "builtin", position, effect.kind(), to_python(py, &written)?, tool))
    }
}
