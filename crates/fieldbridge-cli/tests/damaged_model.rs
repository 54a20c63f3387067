//! Model files that cannot be trusted are refused.

mod scene;

use fieldbridge::device::cpu;
use fieldbridge::model::Model;
use scene::Scene;

const MODEL: &str = "runs/recipe/model.safetensors";

#[test]
fn one_flipped_bit_anywhere_is_noticed() {
    let scene = Scene::new("flipped");
    scene.fieldbridge(&["train", "recipe.toml"]).done();
    let whole = scene.bytes(MODEL);
    let asked = ["density", "runs/recipe", "--data", "rows.csv", "--json"];
    scene.fieldbridge(&asked).done();
    // by the program at some places
    for place in (0..20).map(|step| step * (whole.len() - 1) / 19) {
        let mut damaged = whole.clone();
        damaged[place] ^= 1 << (place % 8);
        std::fs::write(scene.path(MODEL), &damaged).unwrap();
        scene.fieldbridge(&asked).fails_saying(&["model.safetensors"]);
    }
    // by the library at many: every seventh byte, and every bit of the format's version
    let text = String::from_utf8_lossy(&whole);
    let version = text.find("format_version").expect("the envelope has a version");
    let bits = (0..whole.len()).step_by(7).map(|place| (place, place % 8));
    let bits = bits.chain((version..version + 24).flat_map(|place| (0..8).map(move |bit| (place, bit))));
    let other = scene.path("flipped.safetensors");
    for (place, bit) in bits {
        let mut damaged = whole.clone();
        damaged[place] ^= 1 << bit;
        std::fs::write(&other, &damaged).unwrap();
        let found = Model::load(&other, &cpu());
        assert!(
            found.is_err(),
            "flipped bit {bit} of byte {place} of {} was not noticed",
            whole.len()
        );
    }
}

#[test]
fn a_truncated_model_is_refused() {
    let scene = Scene::new("truncated-model");
    scene.fieldbridge(&["train", "recipe.toml"]).done();
    let whole = scene.bytes(MODEL);
    for keep in [0, 7, 8, whole.len() / 2, whole.len() - 1] {
        std::fs::write(scene.path(MODEL), &whole[..keep]).unwrap();
        scene
            .fieldbridge(&["density", "runs/recipe", "--data", "rows.csv"])
            .fails_saying(&["model.safetensors", "damaged"]);
    }
    // the checkpoints are still there, so `train` makes it again
    scene.fieldbridge(&["train", "recipe.toml"]).done();
    assert!(scene.bytes(MODEL) == whole, "the model made again differs");
}

#[test]
fn a_newer_format_asks_for_a_newer_release() {
    let scene = Scene::new("newer");
    scene.fieldbridge(&["train", "recipe.toml"]).done();
    let mut bytes = scene.bytes(MODEL);
    let mark = b"{\\\"format_version\\\":1";
    let place = bytes
        .windows(mark.len())
        .position(|window| window == mark)
        .expect("the envelope has a version");
    bytes[place + mark.len() - 1] = b'9';
    std::fs::write(scene.path(MODEL), &bytes).unwrap();
    scene
        .fieldbridge(&["density", "runs/recipe", "--data", "rows.csv"])
        .fails_saying(&["format version 9", "reads up to 1", "newer release"]);
}
