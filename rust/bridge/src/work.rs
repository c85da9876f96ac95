//! The work of a session as Python takes it over.

use std::sync::Arc;

use flowai_core::effects::Effect;
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::machine::{Ask, AskId};
use flowai_core::session::HostWork;
use pyo3::prelude::*;
use pyo3::types::PyList;
use serde_json::Value as Json;

use crate::ask::HostTool;
use crate::custom::Custom;
use crate::fault::{error_of, fault_of};
use crate::json::to_python;
use crate::session::Session;
use crate::value::to_object;

impl Session {
    /// Writes one piece of work as a tuple: its id, its kind and what it needs. What cannot be written is answered so.
    pub(crate) fn add_work(&self, list: &mut Bound<'_, PyList>, ask: Ask, work: &HostWork) {
        let id = ask.id.pair();
        let written = self.write_work(list, &ask, work);
        self.working().insert(ask.id, ask);
        if let Err(error) = written {
            self.answered(id, Err(fault_of(list.py(), error)));
        }
    }

    fn write_work(&self, list: &Bound<'_, PyList>, ask: &Ask, work: &HostWork) -> PyResult<()> {
        let py = list.py();
        let id = ask.id.pair();
        let position = ask.position.without_attempts();
        match (work, &ask.effect) {
            (HostWork::Tool, Effect::CallTool(call)) if ask.cleared_call().is_some() => {
                let host = call.tool.host.as_ref().and_then(|host| host.downcast_ref::<HostTool>());
                let tool = host.map(|host| host.0.clone_ref(py));
                let arguments = to_object(py, &call.arguments)?;
                list.append((id, "tool", position, tool, arguments, call.agent.as_deref(), call.key.as_deref()))
            }
            (HostWork::CheckWrite, Effect::CheckWrite(check)) => {
                let host = check.call.tool.host.as_ref().and_then(|host| host.downcast_ref::<HostTool>());
                let tool = host.map(|host| host.0.clone_ref(py));
                list.append((id, "check", position, tool, check.call.key.as_deref()))
            }
            (HostWork::CheckPlan, Effect::CheckPlan(check)) => {
                list.append((id, "plan", position, &check.plan.name, to_python(py, &check.body)?))
            }
            (HostWork::Script(turn), Effect::CallModel(call)) => {
                let messages = serde_json::to_value(call.messages.to_vec()).unwrap_or(Json::Null);
                list.append((id, "script", position, turn, to_python(py, &messages)?))
            }
            (HostWork::Decision { plan, decision }, Effect::AwaitApproval(request)) => {
                let subject = to_object(py, &request.subject)?;
                list.append((id, "decision", position, plan, subject, to_python(py, decision)?))
            }
            (HostWork::Handler, effect) => self.add_handler(list, id, position, effect),
            _ => Err(error_of(py, &Fault::new(FaultKind::ApprovalError, "the gate did not let this call out"))),
        }
    }

    /// A tool whose result has no JSON form has failed.
    pub(crate) fn unwritten(&self, id: (u32, u64), fault: Fault) -> Fault {
        let effect = self.working().get(&AskId::of_pair(id)).map(|ask| ask.effect.clone());
        let Some(Effect::CallTool(call)) = effect else { return fault };
        let message = format!("the result of `{}`: {}", call.tool.spec.name, fault.message());
        self.around(id, &fault, FaultKind::ToolFailed, message)
    }

    fn add_handler(&self, list: &Bound<'_, PyList>, id: (u32, u64), position: String, effect: &Effect) -> PyResult<()> {
        let py = list.py();
        if let Effect::Custom(custom) = effect
            && let Some(effect) = custom.as_any().downcast_ref::<Custom>().and_then(|custom| custom.effect(py))
        {
            if let Some(awaitable) = self.answers.take_begun(&effect) {
                return list.append((id, "begun", position, awaitable, effect));
            }
            let function = self.answers.find(&effect).map(|(function, _)| function);
            return list.append((id, "handler", position, function, effect));
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

    /// The failure of a piece of work, with what was raised behind it.
    pub(crate) fn around(&self, id: (u32, u64), raised: &Fault, kind: FaultKind, message: String) -> Fault {
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
}
