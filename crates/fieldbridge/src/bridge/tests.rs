use super::Rows;

/// Rows whose data are their numbers, each given a context of its own.
fn own(numbers: &[f32]) -> Rows {
    Rows {
        count: numbers.len(),
        data: numbers.to_vec(),
        context: numbers
            .iter()
            .flat_map(|number| [10.0 * number, 10.0 * number + 1.0])
            .collect(),
        mask: vec![1.0; 2 * numbers.len()],
        ..Rows::default()
    }
}

/// The context that each row is given.
fn contexts(rows: &Rows) -> Vec<Vec<f32>> {
    let given: Vec<usize> = match rows.given.is_empty() {
        true => (0..rows.count).collect(),
        false => rows.given.clone(),
    };
    given
        .iter()
        .map(|&row| rows.context[2 * row..2 * (row + 1)].to_vec())
        .collect()
}

#[test]
fn rows_that_share_a_context_are_cut_and_joined_as_if_each_had_its_own() {
    let plain = own(&[0.0, 0.0, 0.0, 1.0, 1.0, 2.0]);
    let shared = Rows {
        data: plain.data.clone(),
        count: 6,
        given: vec![0, 0, 0, 1, 1, 2],
        ..own(&[0.0, 1.0, 2.0])
    };
    let same = |shared: &Rows, plain: &Rows| {
        assert_eq!((shared.count, &shared.data), (plain.count, &plain.data));
        assert_eq!(contexts(shared), contexts(plain));
        assert_eq!(shared.context.len(), shared.mask.len());
    };
    same(&shared, &plain);
    for (from, to) in [(0, 6), (1, 4), (3, 5), (5, 6), (2, 2)] {
        same(&shared.slice(from, to), &plain.slice(from, to));
    }
    assert_eq!(
        shared.slice(0, 3).context.len(),
        2,
        "a shared context stands there once"
    );
    for places in [vec![5, 0, 3, 1], vec![4, 4], vec![]] {
        same(&shared.choose(&places), &plain.choose(&places));
    }
    for (first, second) in [(&shared, &shared), (&shared, &plain), (&plain, &shared)] {
        let (mut joined, mut expected) = (first.clone(), plain.clone());
        joined.append(second.clone());
        expected.append(plain.clone());
        same(&joined, &expected);
        same(&joined.slice(4, 9), &expected.slice(4, 9));
    }
}
