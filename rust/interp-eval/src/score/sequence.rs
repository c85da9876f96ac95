//! Lining up two sequences in their order.

/// Which of the two sides a step through the table takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    Both,
    Expected,
    Actual,
}

/// The rows of an alignment: an index of each side, where it has one.
pub(crate) type Rows = Vec<(Option<usize>, Option<usize>)>;

/// The alignment of the greatest weight that keeps both sides in order: a weighted longest common subsequence.
///
/// Wagner and Fischer's table (1974) with weights, O(n·m).
pub(crate) fn subsequence(weights: &[Vec<f64>], columns: usize) -> Rows {
    let gains = |row: usize, column: usize| weights.get(row).and_then(|row| row.get(column)).copied();
    walk(weights.len(), columns, &|row, column| gains(row, column).filter(|weight| *weight > 0.0), &|_| 0.0, &|_| 0.0)
}

/// The alignment with the fewest edits; a pair costs what it lacks, `expected` and `actual` say what a gap costs.
pub(crate) fn edits(
    weights: &[Vec<f64>],
    columns: usize,
    expected: &dyn Fn(usize) -> f64,
    actual: &dyn Fn(usize) -> f64,
) -> Rows {
    let gains = |row: usize, column: usize| weights.get(row).and_then(|row| row.get(column)).map(|weight| weight - 1.0);
    walk(weights.len(), columns, &gains, &|row| -expected(row), &|column| -actual(column))
}

/// Walks through the best table of tails; at equal gain a pair comes first, then what is missing.
fn walk(
    rows: usize,
    columns: usize,
    pair: &dyn Fn(usize, usize) -> Option<f64>,
    expected: &dyn Fn(usize) -> f64,
    actual: &dyn Fn(usize) -> f64,
) -> Rows {
    let width = columns.saturating_add(1);
    let mut taken = vec![Taken::Both; rows.saturating_mul(columns)];
    let mut below = vec![0.0; width];
    for column in (0..columns).rev() {
        below[column] = below[column + 1] + actual(column);
    }
    for row in (0..rows).rev() {
        let mut here = vec![0.0; width];
        here[columns] = below[columns] + expected(row);
        for column in (0..columns).rev() {
            let missing = below[column] + expected(row);
            let extra = here[column + 1] + actual(column);
            let both = pair(row, column).map_or(f64::NEG_INFINITY, |gain| below[column + 1] + gain);
            let (best, step) = if both >= missing && both >= extra {
                (both, Taken::Both)
            } else if missing >= extra {
                (missing, Taken::Expected)
            } else {
                (extra, Taken::Actual)
            };
            here[column] = best;
            taken[row * columns + column] = step;
        }
        below = here;
    }
    retrace(rows, columns, &taken)
}

fn retrace(rows: usize, columns: usize, taken: &[Taken]) -> Rows {
    let (mut found, mut row, mut column) = (Vec::new(), 0, 0);
    while row < rows && column < columns {
        match taken[row * columns + column] {
            Taken::Both => {
                found.push((Some(row), Some(column)));
                (row, column) = (row + 1, column + 1);
            }
            Taken::Expected => {
                found.push((Some(row), None));
                row += 1;
            }
            Taken::Actual => {
                found.push((None, Some(column)));
                column += 1;
            }
        }
    }
    found.extend((row..rows).map(|row| (Some(row), None)));
    found.extend((column..columns).map(|column| (None, Some(column))));
    found
}
