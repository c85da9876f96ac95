//! Unwinding: which frames of a branch an interruption ends, and which are shielded from it.

/// Frames from `floor` upwards are shielded: a cleanup, or what a loop does after it was told.
/// Those below are ended down to `until`, once the shielded ones are left.
struct Region {
    floor: usize,
    until: Option<usize>,
}

/// What an interruption means for the frame that is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pull {
    /// Nothing.
    Free,
    /// It ends, and so does the one below.
    Through,
    /// It is the time limit that interrupted.
    Here,
}

/// The regions of one branch, the innermost last; most branches never have one.
///
/// Height 0 stands for the whole branch: frames are counted from 1.
#[derive(Default)]
pub(super) struct Regions(Vec<Region>);

impl Regions {
    /// A frame leaves the stack.
    pub fn leave(&mut self, height: usize, is_limit: bool) -> Pull {
        while let Some(top) = self.0.last_mut() {
            if height >= top.floor {
                return Pull::Free;
            }
            match top.until {
                Some(until) if until == height && is_limit => {
                    self.0.pop();
                    return Pull::Here;
                }
                Some(until) if until <= height => {
                    top.floor = height;
                    return Pull::Through;
                }
                Some(_) | None => drop(self.0.pop()),
            }
        }
        Pull::Free
    }

    /// A cleanup begins at this height.
    pub fn shield(&mut self, height: usize) {
        self.0.push(Region { floor: height, until: None });
    }

    /// The cleanup at this height is over; says whether an interruption waited for it.
    pub fn unshield(&mut self, height: usize) {
        if self.0.last().is_some_and(|top| top.floor == height && top.until.is_none()) {
            self.0.pop();
        }
    }

    /// Something interrupts down to the frame at `until`; says whether that begins now.
    ///
    /// Otherwise it waits until what is shielded from it is over, or goes on with what unwinds already.
    pub fn interrupt(&mut self, until: usize, height: usize) -> bool {
        if self.0.last().is_none_or(|top| until >= top.floor) {
            self.0.push(Region { floor: height, until: Some(until) });
            return true;
        }
        let mut outer = self.0.iter_mut().rev().peekable();
        while let Some(region) = outer.next() {
            if region.until.is_some_and(|already| already <= until) {
                break;
            }
            if outer.peek().is_none_or(|below| until >= below.floor) {
                region.until = Some(until);
                break;
            }
        }
        false
    }

    /// Whether an interruption is under way or waits.
    pub fn is_interrupted(&self) -> bool {
        self.0.iter().any(|region| region.until.is_some())
    }

    /// Whether the branch as a whole was interrupted.
    pub fn ends_all(&self) -> bool {
        self.0.iter().any(|region| region.until == Some(0))
    }
}
