//! Who can reach whom along routes.

use std::collections::BTreeSet;

use super::runtime::RuntimeSpec;

impl RuntimeSpec {
    /// The names of the agents that stand under the coordinator, itself included.
    ///
    /// A coordinator's rules hold for these and for no others.
    #[must_use]
    pub fn coordinated(&self) -> BTreeSet<&str> {
        let mut reached = BTreeSet::new();
        let mut open: Vec<&str> = self.coordinator().map(|agent| agent.name.as_str()).into_iter().collect();
        while let Some(name) = open.pop() {
            if reached.insert(name) {
                open.extend(self.agent(name).into_iter().flat_map(|agent| agent.routes.iter().map(String::as_str)));
            }
        }
        reached
    }

    /// One cycle of routes, from an agent back to itself, when there is any.
    #[must_use]
    pub fn route_cycle(&self) -> Option<Vec<&str>> {
        let mut safe = BTreeSet::new();
        self.agents.iter().find_map(|agent| self.walk(&agent.name, &mut Vec::new(), &mut safe))
    }

    fn walk<'a>(
        &'a self,
        name: &'a str,
        trail: &mut Vec<&'a str>,
        safe: &mut BTreeSet<&'a str>,
    ) -> Option<Vec<&'a str>> {
        if let Some(start) = trail.iter().position(|seen| *seen == name) {
            return Some(trail.iter().skip(start).copied().chain([name]).collect());
        }
        if safe.contains(name) {
            return None;
        }
        trail.push(name);
        let routes = self.agent(name).map(|agent| agent.routes.as_slice()).unwrap_or_default();
        let cycle = routes.iter().find_map(|route| self.walk(route, trail, safe));
        trail.pop();
        safe.insert(name);
        cycle
    }
}
