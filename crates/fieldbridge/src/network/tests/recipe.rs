//! What recipes may say of networks.

use super::super::{NetworkChoice, NetworkKind, NetworkRecipe, Padding, Registry};
use super::every::recipes;
use crate::error::Error;

#[derive(serde::Deserialize, serde::Serialize)]
struct Section {
    network: NetworkChoice,
}

fn read(text: &str) -> Result<NetworkChoice, toml::de::Error> {
    toml::from_str::<Section>(text).map(|section| section.network)
}

#[test]
fn a_network_is_a_name_or_a_table() {
    assert_eq!(read("network = \"mlp\"").unwrap(), NetworkKind::Mlp.into());
    let table = read("network = { kind = \"unet\", shape = [8, 8], padding = \"periodic\" }").unwrap();
    let expected = NetworkRecipe {
        kind: NetworkKind::UNet,
        shape: Some(vec![8, 8]),
        padding: Some(Padding::Periodic),
        ..NetworkRecipe::default()
    };
    assert_eq!(table, expected.into());
    assert_eq!(read("[network]").unwrap(), NetworkRecipe::default().into());
}

#[test]
fn what_cannot_be_read_is_named() {
    for (text, named) in [
        ("network = \"unot\"", "unknown variant `unot`"),
        ("network = { kind = \"unet\", shapes = [8] }", "unknown field `shapes`"),
        ("network = 3", "the name of a network, or a table"),
        ("network = { width = -1 }", "-1"),
    ] {
        let message = read(text).unwrap_err().to_string();
        assert!(message.contains(named), "{text}: {message}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    let mut all: Vec<NetworkChoice> = vec![NetworkKind::SetTransformer.into()];
    all.extend(recipes().into_iter().map(|(recipe, ..)| recipe.into()));
    for network in all {
        let text = toml::to_string(&Section {
            network: network.clone(),
        });
        assert_eq!(read(&text.unwrap()).unwrap(), network);
        let text = serde_json::to_string(&network).unwrap();
        assert_eq!(serde_json::from_str::<NetworkChoice>(&text).unwrap(), network);
    }
}

/// The key at fault and the hint, for rows of 24 numbers.
fn refusal(recipe: &NetworkRecipe) -> (String, String) {
    match recipe.build(&mut Registry::new(), "bridge.network", 24, Some(3), 0, 24) {
        Err(Error::Recipe { key, reason, hint }) => {
            assert!(!reason.is_empty());
            (key, hint)
        }
        other => panic!("{recipe:?}: {:?}", other.map(|_| "accepted")),
    }
}

fn unet(shape: &[usize]) -> NetworkRecipe {
    NetworkRecipe {
        kind: NetworkKind::UNet,
        shape: Some(shape.to_vec()),
        levels: Some(1),
        ..NetworkRecipe::default()
    }
}

fn transformer() -> NetworkRecipe {
    NetworkRecipe {
        kind: NetworkKind::Transformer,
        ..NetworkRecipe::default()
    }
}

fn set(points: usize) -> NetworkRecipe {
    NetworkRecipe {
        kind: NetworkKind::SetTransformer,
        points: Some(points),
        ..NetworkRecipe::default()
    }
}

fn joint() -> NetworkRecipe {
    NetworkRecipe {
        kind: NetworkKind::JointTransformer,
        shape: Some(vec![4, 5]),
        parameters: Some(4),
        ..NetworkRecipe::default()
    }
}

#[test]
fn sizes_that_do_not_fit_are_refused_with_what_would() {
    type Change = fn(&mut NetworkRecipe);
    let cases: [(NetworkRecipe, Change, &str, &str); 29] = [
        (NetworkRecipe::default(), |r| r.width = 0, "width", "at least 1"),
        (unet(&[4, 6]), |r| r.blocks = 0, "blocks", "at least 1"),
        (NetworkRecipe::default(), |r| r.levels = Some(1), "levels", "\"unet\""),
        (
            set(8),
            |r| r.shape = Some(vec![24]),
            "shape",
            "\"unet\" or \"transformer\"",
        ),
        (unet(&[4, 6]), |r| r.shape = None, "shape", "shape = [16, 16]"),
        (unet(&[4, 6]), |r| r.shape = Some(vec![]), "shape", "one, two or three"),
        (
            unet(&[24, 1, 1]),
            |r| r.shape = Some(vec![24, 1, 1, 1]),
            "shape",
            "one, two or three",
        ),
        (unet(&[4, 6]), |r| r.shape = Some(vec![4, 0]), "shape", "at least 1"),
        (unet(&[4, 6]), |r| r.shape = Some(vec![4, 5]), "shape", "24 numbers"),
        (
            unet(&[4, 6]),
            |r| r.shape = Some(vec![usize::MAX, 6]),
            "shape",
            "24 numbers",
        ),
        (unet(&[4, 6]), |r| r.channels = Some(0), "channels", "at least 1"),
        (
            unet(&[4, 6]),
            |r| r.levels = Some(2),
            "levels",
            "`levels = 1`, or sizes that are multiples of 4, such as 4 x 8",
        ),
        (unet(&[4, 6]), |r| r.levels = Some(1000), "levels", "`levels = 1`"),
        (unet(&[4, 6]), |r| r.groups = Some(3), "groups", "multiple"),
        (unet(&[4, 6]), |r| r.groups = Some(0), "groups", "at least 1"),
        (unet(&[4, 6]), |r| r.heads = Some(3), "heads", "divides"),
        (transformer(), |r| r.heads = Some(0), "heads", "at least 1"),
        (transformer(), |r| r.heads = Some(3), "heads", "multiple"),
        (transformer(), |r| r.heads = Some(128), "heads", "multiple of 256"),
        (
            transformer(),
            |r| r.patch = Some(5),
            "patch",
            "1, 2, 3, 4, 6, 8, 12, 24",
        ),
        (set(8), |r| r.points = None, "points", "how many"),
        (set(7), |_| {}, "points", "24 numbers"),
        (
            set(8),
            |r| (r.box_side, r.coordinates) = (Some(1.0), Some(4)),
            "coordinates",
            "at most 3",
        ),
        (set(8), |r| r.coordinates = Some(2), "coordinates", "box_side"),
        (set(8), |r| r.box_side = Some(f32::NAN), "box_side", "positive"),
        (
            joint(),
            |r| (r.observed_bands, r.all_bands) = (Some(3), Some(3)),
            "all_bands",
            "leave observed_bands out",
        ),
        (
            joint(),
            |r| r.moment_channels = Some(2),
            "moment_channels",
            "how many bands",
        ),
        (
            joint(),
            |r| (r.all_bands, r.moment_channels) = (Some(3), Some(0)),
            "moment_channels",
            "at least 1",
        ),
        (joint(), |r| r.filter_channels = Some(2), "filter_channels", "bands"),
    ];
    for (mut recipe, change, expected, advice) in cases {
        change(&mut recipe);
        let (key, hint) = refusal(&recipe);
        assert_eq!(key, format!("bridge.network.{expected}"), "{recipe:?}");
        assert!(hint.contains(advice), "{expected}: {hint}");
    }
}

#[test]
fn what_fits_is_built() {
    for recipe in [
        NetworkRecipe::default(),
        unet(&[4, 6]),
        unet(&[24]),
        transformer(),
        set(8),
        set(12),
    ] {
        assert!(
            recipe.build(&mut Registry::new(), "n", 24, Some(3), 2, 24).is_ok(),
            "{recipe:?}"
        );
    }
}
