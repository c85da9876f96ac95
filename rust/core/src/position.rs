//! A position: the ordinal of an ask within its branch, never dependent on timing.

use std::fmt;
use std::sync::Arc;

/// Where a branch stands in the tree of combinators.
#[derive(Debug, Default)]
pub struct Scope {
    outer: Option<Arc<Scope>>,
    ordinal: u32,
    branch: u32,
    attempt: u32,
    /// The agent whose loop asks here.
    agent: Option<Arc<str>>,
    retrying: bool,
    parallel: bool,
}

impl Scope {
    /// The scope of a whole run.
    #[must_use]
    pub fn root() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// The scope of one branch of a combinator that took `ordinal` in `outer`.
    #[must_use]
    pub fn enter(outer: &Arc<Self>, ordinal: u32, branch: u32) -> Self {
        Self {
            ordinal,
            branch,
            attempt: 0,
            agent: outer.agent.clone(),
            retrying: outer.retrying,
            parallel: outer.parallel,
            outer: Some(Arc::clone(outer)),
        }
    }

    /// Another branch of the same combinator.
    #[must_use]
    pub fn beside(&self, branch: u32) -> Self {
        Self {
            outer: self.outer.clone(),
            ordinal: self.ordinal,
            branch,
            attempt: self.attempt,
            agent: self.agent.clone(),
            retrying: self.retrying,
            parallel: self.parallel,
        }
    }

    /// The same scope, asked by an agent.
    #[must_use]
    pub fn of_agent(mut self, agent: Arc<str>) -> Self {
        self.agent = Some(agent);
        self
    }

    /// The same scope as attempt `attempt` of a retry, counted from 0.
    #[must_use]
    pub fn of_attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self.retrying = true;
        self
    }

    /// The same scope with siblings that run at the same time.
    #[must_use]
    pub fn among_siblings(mut self, siblings: bool) -> Self {
        self.parallel = self.parallel || siblings;
        self
    }

    /// The agent whose loop asks here.
    #[must_use]
    pub fn agent(&self) -> Option<&Arc<str>> {
        self.agent.as_ref()
    }

    /// Whether an attempt of a `retry` encloses this scope.
    #[must_use]
    pub fn retrying(&self) -> bool {
        self.retrying
    }

    /// Whether a sibling branch may ask at the same time.
    #[must_use]
    pub fn parallel(&self) -> bool {
        self.parallel
    }

    /// The scope around this one.
    #[must_use]
    pub fn outer(&self) -> Option<&Arc<Scope>> {
        self.outer.as_ref()
    }

    /// The position that the combinator of this scope took.
    #[must_use]
    pub fn parent(&self) -> Option<Position> {
        let scope = Arc::clone(self.outer.as_ref()?);
        Some(Position { scope, ordinal: self.ordinal })
    }
}

impl Drop for Scope {
    /// Unwinds a deep chain of scopes in a loop, so that no stack is needed for it.
    fn drop(&mut self) {
        let mut outer = self.outer.take();
        while let Some(scope) = outer {
            match Arc::try_unwrap(scope) {
                Ok(mut owned) => outer = owned.outer.take(),
                Err(_) => break,
            }
        }
    }
}

/// One ask of a run, named by where it stands and not by when it came.
#[derive(Clone, Debug)]
pub struct Position {
    /// The branch.
    pub scope: Arc<Scope>,
    /// The place within the branch, counted from 0.
    pub ordinal: u32,
}

impl Position {
    /// The form without attempt numbers, from which idempotency keys are made.
    #[must_use]
    pub fn without_attempts(&self) -> String {
        self.render(false)
    }

    fn render(&self, attempts: bool) -> String {
        let mut text = String::with_capacity(16);
        self.write(&mut text, attempts);
        text
    }

    fn write(&self, text: &mut String, attempts: bool) {
        let mut scopes = Vec::new();
        let mut scope = &self.scope;
        while let Some(outer) = &scope.outer {
            scopes.push(scope);
            scope = outer;
        }
        for scope in scopes.iter().rev() {
            push_number(text, scope.ordinal);
            text.push('.');
            push_number(text, scope.branch);
            if attempts && scope.retrying && scope.attempt > 0 {
                text.push('~');
                push_number(text, scope.attempt);
            }
            text.push('.');
        }
        push_number(text, self.ordinal);
    }
}

/// Most numbers in a position have one digit.
fn push_number(text: &mut String, number: u32) {
    match char::from_digit(number, 10) {
        Some(digit) => text.push(digit),
        None => text.push_str(&number.to_string()),
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(true))
    }
}
