//! Every row of the tables is walked, and every other move is refused.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::table::{next, step};
use super::{
    ActionStatus, Actor, Binding, Consent, Part, PlanError, PlanEvent, PlanInstance, PlanStatus, RecordedCall, STEPS,
    Settlement, StepEvent, TABLE,
};
use crate::schema::Validator;
use crate::specs::{Decode, PlanSpec};

fn spec() -> PlanSpec {
    let schema = json!({"type": "object", "required": ["actions"], "properties": {"goal": {"type": "string"},
        "actions": {"type": "array", "items": {"type": "object", "properties": {"kind": {"const": "price"}, "to": {"type": "number"}}}}}});
    PlanSpec::decode(json!({"name": "P", "schema": schema, "actions_field": "actions"})).unwrap()
}

fn body(prices: &[u32]) -> Value {
    let actions: Vec<Value> = prices.iter().map(|price| json!({"kind": "price", "to": price})).collect();
    json!({"goal": "g", "actions": actions})
}

fn planner() -> Actor {
    Actor::new(Part::Planner, "p")
}

fn ana() -> Actor {
    Actor::human(Some("ana"))
}

fn executor() -> Actor {
    Actor::new(Part::Executor, "e")
}

fn draft() -> PlanInstance {
    PlanInstance::store("plan-1", &spec(), "acme", "t", body(&[1, 2, 3]), planner()).unwrap().0
}

fn approved(consent: Consent) -> PlanInstance {
    let mut plan = draft();
    plan.approve(plan.digest(), ana(), consent).unwrap();
    plan
}

fn executing() -> PlanInstance {
    let mut plan = approved(Consent::default());
    plan.begin(plan.digest(), executor(), Binding::Dispatched).unwrap();
    plan
}

fn at(status: PlanStatus) -> PlanInstance {
    match status {
        PlanStatus::Draft => draft(),
        PlanStatus::Approved => approved(Consent::default()),
        PlanStatus::Executing => executing(),
        PlanStatus::Executed => {
            let mut plan = executing();
            for index in 0..3 {
                plan.take_grant(index).unwrap();
                plan.action_finished(index, json!("ok")).unwrap();
            }
            plan.finish().unwrap();
            plan
        }
        PlanStatus::Failed => {
            let mut plan = executing();
            plan.take_grant(0).unwrap();
            plan.action_failed(0, json!("no")).unwrap();
            plan.finish().unwrap();
            plan
        }
    }
}

fn perform(plan: &mut PlanInstance, by: Part, event: PlanEvent) -> Result<PlanStatus, PlanError> {
    let actor = Actor { part: by, name: None };
    let digest = plan.digest();
    let told = match event {
        PlanEvent::Store | PlanEvent::Edit => plan.revise(body(&[9]), actor),
        PlanEvent::Approve => plan.approve(digest, actor, Consent::default()),
        PlanEvent::Reject => plan.reject(digest, actor, "no"),
        PlanEvent::Begin => plan.begin(digest, actor, Binding::Dispatched),
        PlanEvent::Finish | PlanEvent::Fail => plan.finish(),
    };
    told.map(|told| told.after)
}

#[test]
fn every_row_of_the_plan_table_is_walked_and_every_other_move_refused() {
    for from in PlanStatus::ALL {
        for by in Part::ALL {
            for event in [PlanEvent::Store, PlanEvent::Edit, PlanEvent::Approve, PlanEvent::Reject, PlanEvent::Begin] {
                // Humans edit where planners store: one verb, two events.
                if (event == PlanEvent::Edit) != (by == Part::Human)
                    && matches!(event, PlanEvent::Edit | PlanEvent::Store)
                {
                    assert!(next(Some(from), by, event).is_err());
                    continue;
                }
                let mut plan = at(from);
                let before = plan.clone();
                let row = TABLE.iter().find(|row| (row.0, row.2, row.3) == (Some(from), by, event));
                assert_eq!(perform(&mut plan, by, event).ok(), row.map(|row| row.1), "{from} {by} {event:?}");
                assert!(row.is_some() || plan == before);
            }
        }
        let mut plan = at(from);
        assert!(plan.finish().is_err(), "{from}: nothing ends a plan with open actions or twice");
    }
    assert_eq!(at(PlanStatus::Executed).status(), PlanStatus::Executed);
    assert_eq!(at(PlanStatus::Failed).status(), PlanStatus::Failed);
}

#[test]
fn only_a_planner_stores_a_new_plan() {
    for by in Part::ALL {
        let stored = PlanInstance::store("x", &spec(), "a", "t", body(&[]), Actor { part: by, name: None });
        assert_eq!(stored.is_ok(), by == Part::Planner);
        for event in PlanEvent::ALL {
            assert_eq!(next(None, by, event).is_ok(), (by, event) == (Part::Planner, PlanEvent::Store));
        }
    }
}

#[test]
fn every_row_of_the_action_table_is_walked_and_every_other_step_refused() {
    for from in ActionStatus::ALL {
        for event in StepEvent::ALL {
            let row = STEPS.iter().find(|row| (row.0, row.2) == (from, event));
            assert_eq!(step(0, from, event).ok(), row.map(|row| row.1));
        }
    }
    let mut plan = executing();
    plan.take_grant(0).unwrap();
    plan.action_in_doubt(0).unwrap();
    assert!(plan.action_finished(0, json!(1)).is_err());
    plan.settle(0, Settlement::Rerun, ana()).unwrap();
    plan.take_grant(0).unwrap();
    plan.action_in_doubt(0).unwrap();
    plan.settle(0, Settlement::Happened(json!("seen")), ana()).unwrap();
    plan.take_grant(1).unwrap();
    plan.action_in_doubt(1).unwrap();
    assert_eq!(plan.finish(), Err(PlanError::NotSettled { indexes: vec![1, 2] }));
    plan.settle(1, Settlement::Abandon("gone".to_owned()), ana()).unwrap();
    assert_eq!(plan.finish().unwrap().after, PlanStatus::Failed);
    assert_eq!(plan.undo_order(), [0]);
    assert!(plan.take_grant(2).is_err());
}

#[test]
fn storing_again_voids_what_was_approved() {
    let mut plan = approved(Consent::default());
    let old = plan.digest();
    let told = plan.revise(body(&[4]), planner()).unwrap();
    assert_eq!((told.before, told.after, told.revision), (Some(PlanStatus::Approved), PlanStatus::Draft, 2));
    assert!(plan.begin(old, executor(), Binding::Dispatched).is_err());
    assert!(matches!(plan.approve(old, ana(), Consent::default()), Err(PlanError::StaleDigest { revision: 2, .. })));
    assert!(plan.decided_by().is_none());
}

#[test]
fn an_edit_tells_what_changed() {
    let mut plan = draft();
    let edits = BTreeMap::from([("1".to_owned(), json!({"to": 9.5})), ("goal".to_owned(), json!("more"))]);
    let edited = plan.edited(&edits, &Validator::new(&spec().schema).unwrap()).unwrap();
    let told = plan.revise(edited, ana()).unwrap();
    assert_eq!(told.diff.iter().map(|change| change.path.as_str()).collect::<Vec<_>>(), ["/actions/1/to", "/goal"]);
    assert_eq!((plan.status(), plan.revision()), (PlanStatus::Draft, 2));
}

#[test]
fn edits_that_do_not_fit_are_refused() {
    let schema = Validator::new(&spec().schema).unwrap();
    let refused =
        |place: &str, edit: Value| draft().edited(&BTreeMap::from([(place.to_owned(), edit)]), &schema).unwrap_err();
    assert_eq!(refused("7", json!({})), PlanError::UnknownAction { index: 7 });
    assert_eq!(refused("0", json!(1)), PlanError::EditMisplaced { place: "0".to_owned() });
    assert!(matches!(refused("0", json!({"to": "high"})), PlanError::BodyInvalid { .. }));
    assert!(matches!(refused("0", json!({"kind": "other"})), PlanError::BodyInvalid { .. }));
}

#[test]
fn approving_some_actions_is_a_revision_that_skips_the_rest() {
    let plan = approved(Consent { actions: Some(BTreeSet::from([0, 2])), body: None });
    assert_eq!((plan.revision(), plan.actions()[1].status), (2, ActionStatus::Skipped));
    assert_eq!(plan.actions()[1].by, Some(ana()));
    assert_eq!(plan.approved_body(), body(&[1, 3]));
    assert_ne!(plan.digest(), draft().digest());
    let mut plan = plan;
    plan.begin(plan.digest(), executor(), Binding::Dispatched).unwrap();
    assert!(plan.take_grant(1).is_err());
    for index in [0, 2] {
        plan.take_grant(index).unwrap();
        plan.action_finished(index, json!(null)).unwrap();
    }
    assert_eq!(plan.finish().unwrap().after, PlanStatus::Executed);
}

#[test]
fn an_unknown_choice_changes_nothing() {
    let mut plan = draft();
    let chosen = Some(BTreeSet::from([0, 9]));
    assert_eq!(
        plan.approve(plan.digest(), ana(), Consent { actions: chosen, body: None }),
        Err(PlanError::UnknownAction { index: 9 })
    );
    assert_eq!(plan, draft());
}

#[test]
fn approving_with_edits_is_one_step() {
    let mut plan = draft();
    let told = plan.approve(plan.digest(), ana(), Consent { actions: None, body: Some(body(&[1, 2, 4])) }).unwrap();
    assert_eq!((told.after, told.revision, told.diff.len()), (PlanStatus::Approved, 2, 1));
    plan.begin(plan.digest(), executor(), Binding::Dispatched).unwrap();
    assert_eq!(plan.take_grant(2).unwrap().arguments(), &json!({"kind": "price", "to": 4}));
}

#[test]
fn a_grant_is_given_once() {
    let mut plan = executing();
    let grant = plan.take_grant(0).unwrap();
    assert_eq!((grant.plan_id(), grant.index(), grant.kind()), ("plan-1", 0, "price"));
    assert!(matches!(plan.take_grant(0), Err(PlanError::IllegalStep { index: 0, .. })));
    assert_eq!(plan.take_grant(3), Err(PlanError::UnknownAction { index: 3 }));
    assert!(draft().take_grant(0).is_err());
}

#[test]
fn a_body_changed_behind_our_back_is_noticed() {
    let plan = approved(Consent::default());
    let mut stored = serde_json::to_value(&plan).unwrap();
    stored["body"]["actions"][0]["to"] = json!(1000);
    let mut tampered: PlanInstance = serde_json::from_value(stored).unwrap();
    assert!(matches!(
        tampered.begin(plan.digest(), executor(), Binding::Dispatched),
        Err(PlanError::StaleDigest { .. })
    ));
    assert_eq!(tampered.status(), PlanStatus::Approved);
}

#[test]
fn an_openly_performed_plan_ends_as_its_writes_did() {
    let ends = |wrote, succeeded| {
        let mut plan = approved(Consent::default());
        plan.begin(plan.digest(), executor(), Binding::Open).unwrap();
        assert_eq!(plan.take_grant(0), Err(PlanError::WrongBinding));
        plan.record_call(RecordedCall {
            tool: "t".to_owned(),
            position: "1".to_owned(),
            wrote,
            succeeded,
            in_doubt: false,
        })
        .unwrap();
        plan.finish().unwrap().after
    };
    assert_eq!(ends(true, true), PlanStatus::Executed);
    assert_eq!(ends(false, false), PlanStatus::Executed);
    assert_eq!(ends(true, false), PlanStatus::Failed);
}
