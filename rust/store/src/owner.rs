//! Owners: how whoever drives runs is called, and whether it is gone.
//!
//! A lease ends by itself. On the machine of its owner nobody has to wait for that: a process that is not there any
//! more renews nothing.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::{fs, process};

/// What is alive in this process, and the last number that was given.
static ALIVE: Mutex<(u64, BTreeSet<u64>)> = Mutex::new((0, BTreeSet::new()));

/// One that drives runs in this process, alive until it is dropped.
#[derive(Debug)]
pub struct Instance {
    number: u64,
    name: String,
}

impl Instance {
    /// A new one.
    #[must_use]
    pub fn new() -> Self {
        let mut alive = ALIVE.lock().unwrap_or_else(PoisonError::into_inner);
        alive.0 = alive.0.saturating_add(1);
        let number = alive.0;
        alive.1.insert(number);
        Self { number, name: format!("{}:{number}", here()) }
    }

    /// By what name the store knows it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Default for Instance {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        ALIVE.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&self.number);
    }
}

/// Whether an owner is known to be gone; one on another machine never is.
#[must_use]
pub fn is_gone(owner: &str) -> bool {
    let mut parts = owner.rsplitn(4, ':');
    let (Some(number), Some(since), Some(process), Some(place)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let Some(process) = process.parse::<u32>().ok().filter(|_| !since.is_empty() && place == machine()) else {
        return false;
    };
    let is_alive = |number: u64| ALIVE.lock().unwrap_or_else(PoisonError::into_inner).1.contains(&number);
    if process == process::id() && began(process).as_deref() == Some(since) {
        return number.parse().is_ok_and(|number| !is_alive(number));
    }
    began(process).as_deref() != Some(since)
}

/// The name of this process: its machine since the last start, its number, when it began.
fn here() -> String {
    let number = process::id();
    format!("{}:{number}:{}", machine(), began(number).unwrap_or_default())
}

/// The machine since its last start; two machines, or two starts, are not taken for one another.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default();
    let namespace = fs::read_link("/proc/self/ns/pid").map(|link| link.display().to_string()).unwrap_or_default();
    format!("{}/{}/{namespace}", read("/proc/sys/kernel/hostname"), read("/proc/sys/kernel/random/boot_id"))
}

/// When a process began, in the kernel's ticks; none where it is not there, or the system does not say.
fn began(number: u32) -> Option<String> {
    let line = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    // The name of the program, in brackets, may hold spaces.
    let (_, rest) = line.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let is_dead = matches!(fields.first(), Some(&"Z" | &"X"));
    fields.get(19).filter(|_| !is_dead).map(|ticks| (*ticks).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_there_until_it_is_dropped() {
        let instance = Instance::new();
        let name = instance.name().to_owned();
        assert!(!is_gone(&name));
        drop(instance);
        assert!(is_gone(&name));
    }

    #[test]
    fn two_instances_have_two_names() {
        assert_ne!(Instance::new().name(), Instance::new().name());
    }

    #[test]
    fn a_process_that_ended_is_gone() {
        let mut child = process::Command::new("true").spawn().unwrap();
        let owner = format!("{}:{}:1:1", machine(), child.id());
        child.wait().unwrap();
        assert!(is_gone(&owner));
    }

    #[test]
    fn nobody_knows_of_another_machine() {
        assert!(!is_gone("elsewhere/b/c:1:1:1"));
        assert!(!is_gone("no owner"));
        assert!(!is_gone(&format!("{}:1::1", machine())));
    }
}
