//! Revising: another body for the same plan.

use std::collections::BTreeMap;

use serde_json::Value;

use super::actor::{Actor, Part};
use super::error::PlanError;
use super::instance::{PlanInstance, Transition};
use super::table::PlanEvent;
use crate::json::diff;
use crate::schema::Validator;

impl PlanInstance {
    /// Puts another body in place, as a draft of the next revision.
    ///
    /// A planner stores it, a human edits it; the body has been validated by the
    /// caller. What was asked, approved or rejected for the old revision is void.
    ///
    /// # Errors
    ///
    /// [`PlanError::IllegalMove`] once the plan has begun, [`PlanError::Json`]
    /// for a body without canonical form; the plan is then unchanged.
    pub fn revise(&mut self, body: Value, by: Actor) -> Result<Transition, PlanError> {
        let event = if by.part == Part::Human { PlanEvent::Edit } else { PlanEvent::Store };
        let mut next = self.clone();
        let mut told = next.advance(by.clone(), event)?;
        told.diff = next.put_body(body)?;
        told.revision = next.revision;
        if event == PlanEvent::Store {
            next.stored_by = by;
        }
        *self = next;
        Ok(told)
    }

    /// The body that edits would make of this one, if it fits the schema.
    ///
    /// Keys that are numbers name actions, whose fields the object replaces;
    /// other keys name fields of the body.
    ///
    /// # Errors
    ///
    /// [`PlanError::EditMisplaced`], [`PlanError::UnknownAction`], [`PlanError::BodyInvalid`].
    pub fn edited(&self, edits: &BTreeMap<String, Value>, schema: &Validator) -> Result<Value, PlanError> {
        let body = apply_edits(&self.body, edits, self.actions_field.as_deref())?;
        schema.validate(&body).map_err(|faults| PlanError::BodyInvalid { faults })?;
        Ok(body)
    }

    pub(super) fn put_body(&mut self, body: Value) -> Result<Vec<crate::json::Change>, PlanError> {
        let changes = diff(&self.body, &body);
        self.body = body;
        self.revision = self.revision.saturating_add(1);
        self.actions = self.list_actions();
        (self.decided_by, self.rejection) = (None, None);
        self.digest = self.compute_digest()?;
        Ok(changes)
    }
}

/// Applies edits to a plan's body, or to a tool's arguments when there is no list of actions.
///
/// # Errors
///
/// [`PlanError::UnknownAction`] for a number beyond the list,
/// [`PlanError::EditMisplaced`] where an edit or its place is no object.
pub fn apply_edits(
    body: &Value,
    edits: &BTreeMap<String, Value>,
    actions_field: Option<&str>,
) -> Result<Value, PlanError> {
    let mut body = body.clone();
    for (place, edit) in edits {
        match (place.parse::<usize>(), actions_field) {
            (Ok(index), Some(field)) => edit_action(&mut body, field, index, edit)?,
            _ => edit_field(&mut body, place, edit)?,
        }
    }
    Ok(body)
}

fn edit_action(body: &mut Value, field: &str, index: usize, edit: &Value) -> Result<(), PlanError> {
    let action = body.get_mut(field).and_then(|list| list.get_mut(index)).ok_or(PlanError::UnknownAction { index })?;
    match (action, edit) {
        (Value::Object(action), Value::Object(edit)) => {
            action.extend(edit.clone());
            Ok(())
        }
        _ => Err(PlanError::EditMisplaced { place: index.to_string() }),
    }
}

fn edit_field(body: &mut Value, field: &str, edit: &Value) -> Result<(), PlanError> {
    let misplaced = || PlanError::EditMisplaced { place: field.to_owned() };
    let place = body.as_object_mut().ok_or_else(misplaced)?;
    place.insert(field.to_owned(), edit.clone());
    Ok(())
}
