//! The heaviest one-to-one assignment.

/// For each row the column that it gets, so that the weights add up to the most; weights of 0 and less assign nothing.
///
/// Kuhn's method with potentials and shortest augmenting paths (Jonker and Volgenant 1987), O(n²·m).
pub(crate) fn assign(weights: &[Vec<f64>]) -> Vec<Option<usize>> {
    let columns = weights.first().map_or(0, Vec::len);
    if columns == 0 {
        return vec![None; weights.len()];
    }
    if weights.len() > columns {
        return assigned_across(weights, columns);
    }
    let owners = owners(weights, columns);
    let mut found = vec![None; weights.len()];
    for (column, owner) in owners.iter().enumerate() {
        if let Some(row) = *owner
            && weight(weights, row, column) > 0.0
            && let Some(place) = found.get_mut(row)
        {
            *place = Some(column);
        }
    }
    found
}

fn assigned_across(weights: &[Vec<f64>], columns: usize) -> Vec<Option<usize>> {
    let turned: Vec<Vec<f64>> = (0..columns)
        .map(|column| weights.iter().map(|row| row.get(column).copied().unwrap_or(0.0)).collect())
        .collect();
    let mut found = vec![None; weights.len()];
    for (column, row) in assign(&turned).into_iter().enumerate() {
        if let Some(place) = row.and_then(|row| found.get_mut(row)) {
            *place = Some(column);
        }
    }
    found
}

fn weight(weights: &[Vec<f64>], row: usize, column: usize) -> f64 {
    weights.get(row).and_then(|row| row.get(column)).copied().unwrap_or(0.0)
}

/// Which row has each column; there are at least as many columns as rows.
fn owners(weights: &[Vec<f64>], columns: usize) -> Vec<Option<usize>> {
    let mut owners: Vec<Option<usize>> = vec![None; columns];
    let (mut of_row, mut of_column) = (vec![0.0; weights.len()], vec![0.0; columns]);
    for start in 0..weights.len() {
        augment(weights, start, &mut owners, &mut of_row, &mut of_column);
    }
    owners
}

fn augment(
    weights: &[Vec<f64>],
    start: usize,
    owners: &mut [Option<usize>],
    of_row: &mut [f64],
    of_column: &mut [f64],
) {
    let columns = owners.len();
    let (mut slack, mut before, mut seen) = (vec![f64::INFINITY; columns], vec![None; columns], vec![false; columns]);
    let (mut row, mut last) = (start, None);
    loop {
        let (mut smallest, mut next) = (f64::INFINITY, None);
        for column in (0..columns).filter(|column| !seen[*column]) {
            let cost = -weight(weights, row, column) - of_row[row] - of_column[column];
            if cost < slack[column] {
                (slack[column], before[column]) = (cost, last);
            }
            if slack[column] < smallest {
                (smallest, next) = (slack[column], Some(column));
            }
        }
        let Some(column) = next else { return };
        of_row[start] += smallest;
        for other in 0..columns {
            if seen[other] {
                of_column[other] -= smallest;
                if let Some(owner) = owners[other] {
                    of_row[owner] += smallest;
                }
            } else {
                slack[other] -= smallest;
            }
        }
        seen[column] = true;
        last = Some(column);
        match owners[column] {
            Some(owner) => row = owner,
            None => break,
        }
    }
    while let Some(column) = last {
        let earlier: Option<usize> = before[column];
        owners[column] = earlier.map_or(Some(start), |earlier| owners[earlier]);
        last = earlier;
    }
}
