//! Assignments that keep what has to come before what.

use super::assign::assign;

/// How many assignments are tried before the best one so far has to do.
const TRIES_MAX: usize = 2_000;

/// The heaviest assignment in which no pair of rows that `before` orders is the wrong way round.
///
/// Branch and bound: of two pairs that break the order no solution has both, so each is forbidden in turn; the
/// assignment without the order is the bound. The problem is hard in general, and cases are small; beyond
/// [`TRIES_MAX`] the answer is an assignment that keeps the order, and maybe not the heaviest.
pub(crate) fn ordered(weights: &[Vec<f64>], before: &[(usize, usize)]) -> Vec<Option<usize>> {
    let mut best = (0.0, vec![None; weights.len()]);
    let mut open = vec![weights.to_vec()];
    let mut tries = 0;
    while let Some(weights) = open.pop() {
        tries += 1;
        let found = assign(&weights);
        let total = total(&weights, &found);
        if total <= best.0 {
            continue;
        }
        match broken(&found, before) {
            None => best = (total, found),
            Some((first, second)) if tries < TRIES_MAX => {
                open.extend([first, second].into_iter().map(|(row, column)| without(&weights, row, column)));
            }
            Some(_) => {
                let kept = kept(found, before);
                let total = self::total(&weights, &kept);
                if total > best.0 {
                    best = (total, kept);
                }
            }
        }
    }
    best.1
}

/// What has to come before what, with all that follows from it.
pub(crate) fn closed(before: &[(usize, usize)], rows: usize) -> Vec<(usize, usize)> {
    let mut reaches = vec![vec![false; rows]; rows];
    for (first, second) in before {
        if *first < rows && *second < rows {
            reaches[*first][*second] = true;
        }
    }
    for middle in 0..rows {
        let beyond = reaches[middle].clone();
        for reached in reaches.iter_mut().filter(|reached| reached[middle]) {
            reached.iter_mut().zip(&beyond).for_each(|(here, there)| *here |= there);
        }
    }
    let pairs = (0..rows).flat_map(|first| (0..rows).map(move |second| (first, second)));
    pairs.filter(|(first, second)| reaches[*first][*second]).collect()
}

type Placed = (usize, usize);

fn broken(found: &[Option<usize>], before: &[(usize, usize)]) -> Option<(Placed, Placed)> {
    before.iter().find_map(|(first, second)| match (found[*first], found[*second]) {
        (Some(here), Some(there)) if here > there => Some(((*first, here), (*second, there))),
        _ => None,
    })
}

fn kept(mut found: Vec<Option<usize>>, before: &[(usize, usize)]) -> Vec<Option<usize>> {
    while let Some((_, (row, _))) = broken(&found, before) {
        found[row] = None;
    }
    found
}

fn total(weights: &[Vec<f64>], found: &[Option<usize>]) -> f64 {
    weights.iter().zip(found).filter_map(|(row, column)| row.get((*column)?)).sum()
}

fn without(weights: &[Vec<f64>], row: usize, column: usize) -> Vec<Vec<f64>> {
    let mut weights = weights.to_vec();
    weights[row][column] = 0.0;
    weights
}
