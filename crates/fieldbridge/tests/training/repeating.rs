//! The same seed gives the same bytes.

use super::{model, prepared, recipes, short, train};
use fieldbridge::Error;
use fieldbridge::network::Precision;
use fieldbridge::train::TrainRecipe;

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn one_two_and_four_threads_give_the_same_bytes() {
    for (name, recipe) in recipes() {
        let results: Vec<(Vec<u8>, String, Vec<u64>)> = [1, 2, 4]
            .into_iter()
            .map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| {
                    let folder = tempfile::tempdir().unwrap();
                    let dataset = prepared(folder.path(), true);
                    let end = train(folder.path(), &dataset, (&recipe, &short()), 0, None).unwrap();
                    let model = model(&dataset, &recipe, &[end]);
                    let path = folder.path().join("model");
                    model.save(&path).unwrap();
                    let rows = fieldbridge_files::TableFile::open(&folder.path().join("galaxies.parquet")).unwrap();
                    let encoded = model
                        .encode(&rows.read(&model.columns(true), 0..50).unwrap(), 0, true)
                        .unwrap();
                    let mut answers: Vec<u64> = model
                        .posterior(&encoded, 20, 3)
                        .unwrap()
                        .iter()
                        .map(|x| x.to_bits())
                        .collect();
                    answers.extend(
                        model
                            .log_density(&encoded)
                            .unwrap()
                            .iter()
                            .map(|density| density.value.to_bits()),
                    );
                    let events = std::fs::read_to_string(folder.path().join("events.jsonl")).unwrap();
                    (std::fs::read(path).unwrap(), events, answers)
                })
            })
            .collect();
        assert_eq!(results[0].1.lines().count(), 3);
        for other in &results[1..] {
            assert!(results[0].0 == other.0, "{name}: model bytes differ");
            assert_eq!(results[0].1, other.1, "{name}: events differ");
            assert!(results[0].2 == other.2, "{name}: answers differ");
        }
    }
}

#[test]
fn a_training_interrupted_anywhere_ends_as_if_it_had_not_been() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = prepared(folder.path(), true);
    for (name, recipe) in recipes() {
        let whole_folder = tempfile::tempdir().unwrap();
        let whole = train(whole_folder.path(), &dataset, (&recipe, &short()), 0, None).unwrap();
        assert!(whole.state.finished && whole.state.step == 60);
        let events = std::fs::read_to_string(whole_folder.path().join("events.jsonl")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        for stop in [1, 19, 20, 33, 59] {
            match train(folder.path(), &dataset, (&recipe, &short()), 0, Some(stop)) {
                Err(Error::Interrupted { step, path }) => {
                    assert_eq!(step, stop);
                    assert!(path.exists());
                }
                other => panic!("{name}: {:?}", other.map(|end| end.state)),
            }
        }
        // what an interrupted run wrote after its checkpoint is dropped
        let log = folder.path().join("events.jsonl");
        let mut text = std::fs::read_to_string(&log).unwrap();
        text.push_str("{\"event\":\"evaluation\",\"member\":0,\"step\":60}\n{\"half a li");
        std::fs::write(&log, text).unwrap();
        let end = train(folder.path(), &dataset, (&recipe, &short()), 0, None).unwrap();
        assert_eq!(bits(&end.best), bits(&whole.best), "{name}");
        assert_eq!(bits(end.parameters.values()), bits(whole.parameters.values()), "{name}");
        assert_eq!(end.optimiser, whole.optimiser, "{name}");
        assert_eq!(end.state, whole.state, "{name}");
        assert_eq!(std::fs::read_to_string(&log).unwrap(), events, "{name}");
        // finished is finished
        let again = train(folder.path(), &dataset, (&recipe, &short()), 0, None).unwrap();
        assert_eq!(again.state, whole.state);
        assert_eq!(bits(&again.best), bits(&whole.best));
    }
}

#[test]
fn products_of_rounded_numbers_train_to_the_same_bytes_and_nearly_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = prepared(folder.path(), true);
    for (name, recipe) in recipes() {
        let with = |precision, threads| {
            let short = TrainRecipe { precision, ..short() };
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let folder = tempfile::tempdir().unwrap();
            pool.install(|| train(folder.path(), &dataset, (&recipe, &short), 0, None))
                .unwrap()
        };
        let single = with(Precision::Single, 1);
        let half = with(Precision::Bf16, 1);
        assert_ne!(bits(&half.best), bits(&single.best), "{name}: nothing was rounded");
        for threads in [2, 4] {
            assert_eq!(bits(&half.best), bits(&with(Precision::Bf16, threads).best), "{name}");
        }
        // both losses are those of single precision, of weights that sixty steps led apart
        let [single, half] = [single, half].map(|end| end.state.best_loss.expect("it was evaluated"));
        assert!((single - half).abs() < 0.05, "{name}: {single} and {half}");
    }
}

#[test]
fn members_and_seeds_differ() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = prepared(folder.path(), false);
    let (_, recipe) = &recipes()[0];
    let ends: Vec<Vec<u32>> = (0..2)
        .map(|member| {
            let folder = tempfile::tempdir().unwrap();
            bits(
                &train(folder.path(), &dataset, (recipe, &short()), member, None)
                    .unwrap()
                    .best,
            )
        })
        .collect();
    assert_ne!(ends[0], ends[1]);
}
