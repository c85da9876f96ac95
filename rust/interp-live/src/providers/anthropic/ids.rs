//! Ids of tool calls, made unique.

use std::collections::BTreeMap;

/// The ids that are taken, each with the number that its next double gets.
#[derive(Default)]
pub(super) struct Ids(BTreeMap<String, u32>);

impl Ids {
    /// An id for a call that came without one.
    pub(super) fn made(&mut self) -> String {
        let number = self.0.len();
        self.unique(format!("call_{number}"))
    }

    /// This id, or one like it where it is taken.
    pub(super) fn unique(&mut self, id: String) -> String {
        let Some(next) = self.0.get(&id).copied() else {
            self.0.insert(id.clone(), 2);
            return id;
        };
        let mut number = next;
        let mut candidate = format!("{id}_{number}");
        while self.0.contains_key(&candidate) {
            number = number.saturating_add(1);
            candidate = format!("{id}_{number}");
        }
        self.0.insert(id, number.saturating_add(1));
        self.0.insert(candidate.clone(), 2);
        candidate
    }
}

/// An id in the letters that this API takes.
pub(super) fn spelled(id: &str) -> String {
    let spelled: String = id.chars().map(|letter| if is_allowed(letter) { letter } else { '_' }).collect();
    if spelled.is_empty() { "call".to_owned() } else { spelled }
}

fn is_allowed(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == '-'
}

#[cfg(test)]
mod tests {
    use super::{Ids, spelled};

    #[test]
    fn doubles_get_numbers_and_never_the_id_of_another() {
        let mut ids = Ids::default();
        let given = ["a", "a_2", "a", "a", "a_2"].map(|id| ids.unique(id.to_owned()));
        assert_eq!(given, ["a", "a_2", "a_3", "a_4", "a_2_2"]);
    }

    #[test]
    fn letters_that_the_api_refuses_are_replaced() {
        assert_eq!(spelled("fc|1:é"), "fc_1__");
        assert_eq!(spelled(""), "call");
    }
}
