//! One decision, one call, nothing else: mutated calls and records are refused.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    Answered, Approval, ApprovalFault, ApprovalKind, ApprovalStatus, Bound, Decision, Verdict, answer, escape, expire,
    plan_cards,
};
use crate::plans::{Actor, Part, PlanInstance};
use crate::references::reference_id;
use crate::specs::{AgentSpec, Decode};

fn bound(kind: ApprovalKind) -> Bound {
    Bound {
        tool: Some("wipe".to_owned()),
        schema_version: Some("v1".to_owned()),
        subject: json!({"row": 1, "note": "x"}),
        plan_id: Some("p".to_owned()),
        plan_revision: Some(1),
        ..Bound::new(kind, "acme", "run", "3.1", "tool: always")
    }
}

fn asked(kind: ApprovalKind) -> Approval {
    Approval::ask("a-1", bound(kind), "Wipe", 0, 100).unwrap()
}

fn said(verdict: Verdict, at: i64) -> Decision {
    Decision { verdict, principal: Some("ana".to_owned()), by_handler: false, reason: None, at }
}

fn approved() -> Approval {
    let mut approval = asked(ApprovalKind::Tool);
    answer(&mut approval, "acme", said(Verdict::approve(), 1), 1).unwrap();
    approval
}

#[test]
fn one_approval_lets_out_one_call() {
    let mut approval = approved();
    let grant = approval.take_grant(&bound(ApprovalKind::Tool), None).unwrap();
    assert_eq!((grant.approval_id(), grant.subject()), ("a-1", &json!({"row": 1, "note": "x"})));
    assert_eq!(
        approval.take_grant(&bound(ApprovalKind::Tool), None),
        Err(ApprovalFault::Used { id: "a-1".to_owned() })
    );
}

#[test]
fn a_call_that_differs_in_any_field_is_not_let_out() {
    let changes: [fn(&mut Bound); 10] = [
        |bound| bound.kind = ApprovalKind::Program,
        |bound| bound.tenant = "other".to_owned(),
        |bound| bound.run_id = "run2".to_owned(),
        |bound| bound.position = "3.2".to_owned(),
        |bound| bound.tool = Some("wipe_all".to_owned()),
        |bound| bound.schema_version = Some("v2".to_owned()),
        |bound| bound.subject = json!({"row": 2, "note": "x"}),
        |bound| bound.plan_id = None,
        |bound| bound.plan_revision = Some(2),
        |bound| bound.rule = "tool: never".to_owned(),
    ];
    for change in changes {
        let mut now = bound(ApprovalKind::Tool);
        change(&mut now);
        assert_eq!(approved().take_grant(&now, None), Err(ApprovalFault::Altered { id: "a-1".to_owned() }));
        let mut stored = approved();
        change(&mut stored.bound);
        assert!(stored.take_grant(&bound(ApprovalKind::Tool), None).is_err());
        let stored_bound = stored.bound.clone();
        assert!(stored.take_grant(&stored_bound, None).is_err());
    }
}

#[test]
fn a_status_set_by_hand_lets_nothing_out() {
    let mut forged = asked(ApprovalKind::Tool);
    forged.status = ApprovalStatus::Approved;
    assert_eq!(
        forged.take_grant(&bound(ApprovalKind::Tool), None),
        Err(ApprovalFault::NotGranted { id: "a-1".to_owned() })
    );
    assert!(asked(ApprovalKind::Tool).take_grant(&bound(ApprovalKind::Tool), None).is_err());
    let mut rejected = asked(ApprovalKind::Tool);
    answer(&mut rejected, "acme", said(Verdict::reject("no"), 1), 1).unwrap();
    rejected.status = ApprovalStatus::Approved;
    assert!(rejected.take_grant(&bound(ApprovalKind::Tool), None).is_err());
}

#[test]
fn the_first_answer_holds() {
    let mut approval = approved();
    assert_eq!(answer(&mut approval, "acme", said(Verdict::approve(), 2), 500), Ok(Answered::Same));
    assert_eq!(
        answer(&mut approval, "acme", said(Verdict::reject("no"), 2), 2),
        Err(ApprovalFault::Conflict { id: "a-1".to_owned() })
    );
    assert_eq!(approval.decision.unwrap().at, 1);
}

#[test]
fn another_tenants_answer_reads_like_an_unknown_approval() {
    let fault = answer(&mut asked(ApprovalKind::Tool), "other", said(Verdict::approve(), 1), 1).unwrap_err();
    assert_eq!(fault.to_string(), ApprovalFault::Unknown { id: "a-1".to_owned() }.to_string());
}

#[test]
fn nothing_decides_after_the_expiry() {
    let mut approval = asked(ApprovalKind::Tool);
    assert!(!expire(&mut approval, 99));
    assert_eq!(
        answer(&mut approval, "acme", said(Verdict::approve(), 100), 100),
        Err(ApprovalFault::Expired { id: "a-1".to_owned() })
    );
    assert_eq!(approval.status, ApprovalStatus::Expired);
    assert!(answer(&mut approval, "acme", said(Verdict::approve(), 5), 5).is_err());
}

#[test]
fn an_answer_fits_what_was_asked() {
    let refused = |kind, verdict| answer(&mut asked(kind), "acme", said(verdict, 1), 1).is_err();
    let some = |indexes: &[usize]| Verdict::Approve {
        actions: Some(indexes.iter().copied().collect::<BTreeSet<_>>()),
        edits: BTreeMap::new(),
    };
    assert!(refused(ApprovalKind::Tool, some(&[0])));
    assert!(refused(ApprovalKind::Plan, some(&[])));
    assert!(!refused(ApprovalKind::Plan, some(&[0])));
    assert!(refused(ApprovalKind::Tool, Verdict::Happened { result: Value::Null }));
    assert!(!refused(ApprovalKind::InDoubt, Verdict::Happened { result: Value::Null }));
}

#[test]
fn an_edited_call_runs_as_edited() {
    let mut approval = asked(ApprovalKind::Tool);
    let edits = BTreeMap::from([("row".to_owned(), json!(7))]);
    answer(&mut approval, "acme", said(Verdict::Approve { actions: None, edits }, 1), 1).unwrap();
    let grant = approval.take_grant(&bound(ApprovalKind::Tool), None).unwrap();
    assert_eq!(grant.into_subject(), json!({"row": 7, "note": "x"}));
}

#[test]
fn an_approval_survives_serde() {
    let written = serde_json::to_value(approved()).unwrap();
    assert_eq!(serde_json::from_value::<Approval>(written).unwrap(), approved());
}

#[test]
fn hidden_and_active_characters_are_shown() {
    for (hidden, shown) in [
        ("\u{200b}", "\\u200b"),
        ("\u{feff}", "\\ufeff"),
        ("\u{2066}", "\\u2066"),
        ("\u{1b}[2J", "\\u001b[2J"),
        ("\u{e0041}", "\\ue0041"),
        ("<script>", "\\u003cscript\\u003e"),
        ("\\u0041", "\\u005cu0041"),
        ("\r", "\\u000d"),
        ("é漢🙂", "é漢🙂"),
    ] {
        assert_eq!(escape(hidden), shown);
    }
}

#[test]
fn a_plan_is_drawn_as_cards() {
    let id = reference_id("acme", "Rows", "m", b"1");
    let agent = AgentSpec::decode(json!({"role": "executor", "name": "e", "model": "m",
        "plan": {"name": "P", "schema": {}, "actions_field": "actions"},
        "dispatcher": {"open": {"tool": {"name": "open_it", "parameters": {}}, "undo": {"name": "close_it", "parameters": {}}}}})).unwrap();
    let body = json!({"why": "<b>", "actions": [{"kind": "open", "rows": format!("Rows:{id}")}, {"kind": "shut"}]});
    let plan =
        PlanInstance::store("p", agent.plan.as_ref().unwrap(), "acme", "t", body, Actor::new(Part::Planner, "p"))
            .unwrap()
            .0;
    let cards = plan_cards(&plan, Some("actions"), agent.dispatcher.as_ref(), &|_| Some(json!({"count": 3})));
    assert_eq!(cards[0], json!({"plan": "P", "revision": 1, "goal": {"why": "\\u003cb\\u003e"}}));
    assert_eq!(cards[1]["arguments"]["rows"]["glimpse"], json!({"count": 3}));
    assert_eq!((&cards[1]["undo"], &cards[1]["access"]), (&json!("close_it"), &json!("write_once")));
    assert_eq!(cards[2]["undo"], json!("cannot be undone"));
}
