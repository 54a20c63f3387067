//! Where the numbers of a row go.

use burn_tensor::Tensor;

use super::super::super::{Dual, Patches};
use super::{host, normals, tensor};
use crate::network::cells::Cells;

#[test]
fn patches_hold_neighbouring_places_in_order() {
    // a grid of 4 x 6 with two channels: place 10 i + j, channel as a half
    let row: Vec<f32> = (0..4)
        .flat_map(|i| (0..6).flat_map(move |j| [0.0, 0.5].map(|channel| 10.0 * i as f32 + j as f32 + channel)))
        .collect();
    let patches = Patches::new(&[4, 6], 2, 2);
    assert_eq!(
        (patches.tokens(), patches.places(), patches.counts()),
        (6, 4, [1, 2, 3])
    );
    let split = patches.split(Dual::alone(tensor(&row, [1, 48])));
    let split = host(split.into_value());
    assert_eq!(split[..8], [0.0, 0.5, 1.0, 1.5, 10.0, 10.5, 11.0, 11.5]);
    assert_eq!(split[8..16], [2.0, 2.5, 3.0, 3.5, 12.0, 12.5, 13.0, 13.5]);
    assert_eq!(split[24..28], [20.0, 20.5, 21.0, 21.5]);
}

#[test]
fn patches_are_joined_as_they_were_split() {
    for (grid, channels, patch, parts) in [
        (vec![6], 1, 3, 1),
        (vec![5], 2, 1, 1),
        (vec![4, 6], 2, 2, 1),
        (vec![4, 6], 2, 2, 3),
        (vec![2, 4, 6], 3, 2, 2),
        (vec![1], 1, 1, 1),
    ] {
        let width = grid.iter().product::<usize>() * channels * parts;
        let rows = normals("rows", 3, width);
        let patches = Patches::new(&grid, channels, patch);
        let split = patches.split(Dual::alone(rows.clone()));
        assert_eq!(split.dims(), [3, patches.tokens(), width / patches.tokens()]);
        assert_eq!(host(patches.join(split).into_value()), host(rows), "{grid:?}");
    }
}

#[test]
fn parts_of_a_row_stand_side_by_side_in_its_cells() {
    let cells = Cells { count: 2, channels: 2 };
    assert_eq!((cells.channels_of(4), cells.channels_of(8)), (Some(2), Some(4)));
    assert_eq!((cells.channels_of(6), cells.channels_of(0)), (None, None));
    let rows: Tensor<2> = tensor(&[1.0, 2.0, 3.0, 4.0, 10.0, 20.0, 30.0, 40.0], [1, 8]);
    let split = cells.split(Dual::alone(rows.clone()));
    assert_eq!(
        host(split.clone().into_value()),
        [1.0, 2.0, 10.0, 20.0, 3.0, 4.0, 30.0, 40.0]
    );
    assert_eq!(host(cells.join(split).into_value()), host(rows));
}
