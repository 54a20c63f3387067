//! Model files, densities in the user's units, and draws.

use std::path::PathBuf;

use fieldbridge::data::{Dataset, Encoded, Part};
use fieldbridge::device::cpu;
use fieldbridge::model::{Manifest, Model, Passed, Stored};

use super::{galaxies, model, prepared, recipes, short, table, train};

/// Trained models of both families.
fn models(conditional: bool, members: usize) -> Vec<(&'static str, Model, Dataset, tempfile::TempDir)> {
    recipes()
        .into_iter()
        .map(|(name, recipe)| {
            let folder = tempfile::tempdir().unwrap();
            let dataset = prepared(folder.path(), conditional);
            let ends: Vec<_> = (0..members)
                .map(|member| {
                    let folder = tempfile::tempdir().unwrap();
                    train(folder.path(), &dataset, (&recipe, &short()), member, None).unwrap()
                })
                .collect();
            (name, model(&dataset, &recipe, &ends), dataset, folder)
        })
        .collect()
}

fn encoded(model: &Model, rows: usize) -> Encoded {
    model.encode(&table(&galaxies(rows)), 0, true).unwrap()
}

fn save(model: &Model, folder: &tempfile::TempDir) -> (PathBuf, Vec<u8>) {
    let path = folder.path().join("model.safetensors");
    model.save(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    (path, bytes)
}

#[test]
fn a_model_kept_in_half_precision_is_half_as_large_and_answers_the_same_when_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = prepared(folder.path(), true);
    let [(_, recipe), _] = recipes();
    let end = train(folder.path(), &dataset, (&recipe, &short()), 0, None).unwrap();
    let single = model(&dataset, &recipe, std::slice::from_ref(&end));
    let (_, whole) = save(&single, &folder);
    let manifest = Manifest {
        stored: Stored::Half,
        ..single.manifest.clone()
    };
    let parameters = vec![end.parameters.with_values(end.best.clone())];
    let examples = dataset.gather(&dataset.places(Part::Test)[..5]).unwrap();
    let half = Model::new(manifest.clone(), parameters.clone(), &examples, &cpu()).unwrap();
    let (path, bytes) = save(&half, &folder);
    let saved = whole.len() - bytes.len();
    assert!(saved.abs_diff(2 * single.parameter_count()) < 2000, "{saved}");

    let back = Model::load(&path, &cpu()).unwrap();
    let answers = |model: &Model| model.log_density(&encoded(model, 40)).unwrap();
    assert_eq!(answers(&half), answers(&back));
    let apart = answers(&half)
        .iter()
        .zip(answers(&single))
        .map(|(half, single)| (half.value - single.value).abs())
        .fold(0.0, f64::max);
    assert!(apart > 0.0 && apart < 0.05, "{apart}");

    let mut values = parameters[0].values().to_vec();
    values[3] = 1e5;
    let large = vec![parameters[0].with_values(values)];
    let refused = Model::new(manifest, large, &examples, &cpu()).unwrap_err().to_string();
    assert!(
        refused.contains("train.stored") && refused.contains("100000"),
        "{refused}"
    );
}

#[test]
fn a_saved_model_answers_as_before() {
    for members in [1, 2] {
        for (name, model, _, folder) in models(true, members) {
            let (path, bytes) = save(&model, &folder);
            let back = Model::load(&path, &cpu()).unwrap();
            assert_eq!(back.manifest.training.members, members);
            assert_eq!(back.manifest.known_answers.len(), 5);
            assert_eq!(back.parameter_count(), model.parameter_count());
            let rows = encoded(&model, 40);
            for (before, after) in model
                .log_density(&rows)
                .unwrap()
                .iter()
                .zip(back.log_density(&encoded(&back, 40)).unwrap())
            {
                assert!(
                    (before.value - after.value).abs() < 1e-5,
                    "{name}: {before:?} {after:?}"
                );
            }
            model.save(&path).unwrap();
            assert!(
                std::fs::read(&path).unwrap() == bytes,
                "{name}: equal models are equal bytes"
            );
        }
    }
}

#[test]
fn a_changed_byte_is_refused_wherever_it_is() {
    let (_, model, _, folder) = models(false, 1).swap_remove(0);
    let (path, bytes) = save(&model, &folder);
    // every byte of the header's start, where lengths and versions are, and a spread over the rest
    let places = (0..200).chain((200..bytes.len()).step_by(bytes.len() / 250));
    for place in places {
        for flip in [0x01, 0x20, 0xff] {
            let mut damaged = bytes.clone();
            damaged[place] ^= flip;
            std::fs::write(&path, &damaged).unwrap();
            let result = Model::load(&path, &cpu());
            assert!(
                result.is_err(),
                "byte {place} ^ {flip:#x} of {} was accepted",
                bytes.len()
            );
        }
    }
    for length in [0, 7, 8, 50, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..length]).unwrap();
        let error = Model::load(&path, &cpu()).unwrap_err().to_string();
        assert!(error.contains("model.safetensors"), "{error}");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(
        Model::load(&path, &cpu())
            .unwrap_err()
            .to_string()
            .contains("no model file")
    );
    assert!(Model::load(folder.path(), &cpu()).is_err());
}

#[test]
fn a_newer_format_is_refused_with_the_way_out() {
    let (_, model, _, folder) = models(false, 1).swap_remove(0);
    let (path, bytes) = save(&model, &folder);
    let mark = b"format_version\\\":1";
    let at = bytes.windows(mark.len()).position(|window| window == mark).unwrap();
    let mut newer = bytes;
    newer[at + mark.len() - 1] = b'2';
    std::fs::write(&path, newer).unwrap();
    let error = Model::load(&path, &cpu()).unwrap_err().to_string();
    assert!(
        error.contains("version 2") && error.contains("newer release"),
        "{error}"
    );
}

#[test]
fn densities_integrate_to_one_in_the_users_units() {
    for (name, model, _, _) in models(false, 1) {
        let (across, up) = (100, 100);
        let (low, high) = (6.0, 14.0);
        let width = (high - low) / across as f64;
        let mut mass = Vec::new();
        let mut share = Vec::new();
        for i in 0..across {
            for j in 0..up {
                mass.push(low + (i as f64 + 0.5) * width);
                share.push((j as f64 + 0.5) / up as f64);
            }
        }
        let rows = model
            .encode(&table(&[("mass", mass), ("share", share)]), 0, true)
            .unwrap();
        assert_eq!(rows.rows.count, across * up);
        let densities = model.log_density(&rows).unwrap();
        let total: f64 = densities.iter().map(|density| density.value.exp()).sum::<f64>() * width / up as f64;
        eprintln!("{name}: integral {total:.6}");
        assert!((total - 1.0).abs() < 2e-3, "{name}: {total}");
    }
}

#[test]
fn draws_stay_inside_their_bounds_and_a_row_does_not_see_the_others() {
    for (name, model, _, _) in models(true, 2) {
        let all = encoded(&model, 60);
        let each = 30;
        let together = model.posterior(&all, each, 5).unwrap();
        assert_eq!(together.len(), all.rows.count * each * 2);
        for draw in together.chunks_exact(2) {
            assert!(
                draw[0].is_finite() && draw[1] > 0.0 && draw[1] < 1.0,
                "{name}: {draw:?}"
            );
        }
        let places = [41, 3, 17];
        let few = model.posterior(&all.choose(&places), each, 5).unwrap();
        for (at, place) in places.into_iter().enumerate() {
            let among = &together[place * each * 2..(place + 1) * each * 2];
            let alone = &few[at * each * 2..(at + 1) * each * 2];
            for (among, alone) in among.iter().zip(alone) {
                assert!(
                    (among - alone).abs() <= 1e-5 * (1.0 + among.abs()),
                    "{name} row {place}: {among} {alone}"
                );
            }
        }
        assert_ne!(model.posterior(&all, each, 6).unwrap(), together);
    }
}

#[test]
fn a_draw_of_an_unconditional_model_does_not_depend_on_how_many_are_drawn() {
    for (name, model, _, _) in models(false, 2) {
        let many = model.sample(1300, 9).unwrap();
        let few = model.sample(600, 9).unwrap();
        for (many, few) in many.iter().zip(&few) {
            assert!((many - few).abs() <= 1e-5 * (1.0 + many.abs()), "{name}: {many} {few}");
        }
    }
}

#[test]
fn an_ensemble_is_the_equal_mixture_of_its_members() {
    for (name, recipe) in recipes() {
        let folder = tempfile::tempdir().unwrap();
        let dataset = prepared(folder.path(), true);
        let ends: Vec<_> = (0..3)
            .map(|member| {
                let folder = tempfile::tempdir().unwrap();
                train(folder.path(), &dataset, (&recipe, &short()), member, None).unwrap()
            })
            .collect();
        let mixture = model(&dataset, &recipe, &ends);
        let rows = encoded(&mixture, 50);
        let parts: Vec<Vec<f64>> = ends
            .iter()
            .map(|end| {
                let one = model(&dataset, &recipe, std::slice::from_ref(end));
                one.log_density(&rows)
                    .unwrap()
                    .iter()
                    .map(|density| density.value)
                    .collect()
            })
            .collect();
        for (row, density) in mixture.log_density(&rows).unwrap().iter().enumerate() {
            let mean = parts.iter().map(|part| part[row].exp()).sum::<f64>() / 3.0;
            assert!(
                (density.value - mean.ln()).abs() < 1e-4,
                "{name} row {row}: {} {}",
                density.value,
                mean.ln()
            );
        }
    }
}

#[test]
fn walks_end_at_the_draws_of_the_same_seed() {
    for members in [1, 2] {
        for (name, model, _, _folder) in models(false, members) {
            // more than pass through a bridge together
            let (count, pieces) = (530, 4);
            let (drawn, walk) = (model.sample(count, 9).unwrap(), model.walk(count, 9, pieces).unwrap());
            assert_ends(name, &walk, &drawn);
            assert_eq!(model.walk(50, 9, pieces).unwrap().len(), walk.len(), "{name}");
            let few = model.walk(50, 9, pieces).unwrap();
            assert_eq!(few[0].points[..], walk[0].points[..few[0].points.len()], "{name}");
        }
        for (name, model, _, _folder) in models(true, members) {
            let rows = encoded(&model, 180);
            let drawn = model.posterior(&rows, 3, 9).unwrap();
            assert_ends(name, &model.walk_given(&rows, 3, 9, 4).unwrap(), &drawn);
        }
    }
}

fn assert_ends(name: &str, walk: &[Passed], drawn: &[f64]) {
    let last = &walk[walk.len() - 1];
    assert_eq!((walk[0].time, last.time), (0.0, 1.0), "{name}");
    assert!(walk.iter().all(|stop| stop.points.len() == drawn.len()), "{name}");
    assert_ne!(walk[0].points, drawn, "{name}");
    for (end, drawn) in last.points.iter().zip(drawn) {
        // adaptive walks in pieces are right to their tolerance alone
        assert!(
            (end - drawn).abs() < 1e-3 * (1.0 + drawn.abs()),
            "{name}: {end} {drawn}"
        );
    }
}
