//! Recipes and command lines that cannot be meant.

mod scene;

use scene::{RECIPE, Scene};

#[test]
fn an_unknown_key_names_file_line_and_the_nearest() {
    let scene = Scene::new("unknown-key");
    scene.recipe(&RECIPE.replace("batch = 32", "bacth = 32"));
    scene.fieldbridge(&["run", "recipe.toml"]).fails_saying(&[
        "recipe.toml, line 29",
        "`train.bacth`",
        "did you mean `batch`?",
    ]);
    scene.recipe(&RECIPE.replace("[check]", "[chekc]"));
    scene
        .fieldbridge(&["run", "recipe.toml"])
        .fails_saying(&["`chekc`", "did you mean `check`?"]);
}

#[test]
fn a_missing_key_is_named() {
    let scene = Scene::new("missing-key");
    scene.recipe(&RECIPE.replace("columns = [\"z\"]\n", ""));
    scene
        .fieldbridge(&["run", "recipe.toml"])
        .fails_saying(&["recipe.toml", "`target.columns` is missing"]);
    scene.recipe(&RECIPE.replace("title = \"A small test\"\n", ""));
    scene
        .fieldbridge(&["run", "recipe.toml"])
        .fails_saying(&["`title` is missing"]);
}

#[test]
fn contradictions_are_refused() {
    let scene = Scene::new("contradiction");
    scene.recipe(&RECIPE.replace("steps = 60", "steps = 60\nepochs = 5"));
    scene
        .fieldbridge(&["run", "recipe.toml"])
        .fails_saying(&["line 28", "`train.steps` contradicts `train.epochs`"]);
    scene.recipe(&RECIPE.replace("[\"u\", \"g\"]", "[\"u\", \"z\"]"));
    scene.fieldbridge(&["run", "recipe.toml"]).fails_saying(&[
        "line 12",
        "context.photometry.columns",
        "`z`, which is also a target",
    ]);
    scene.recipe(&RECIPE.replace("low = 0.0, softness = 0.3", "low = 0.0, high = 9.0, softness = 0.3"));
    scene
        .fieldbridge(&["run", "recipe.toml"])
        .fails_saying(&["softness", "line 9"]);
    scene.recipe(RECIPE);
    scene
        .fieldbridge(&[
            "run",
            "recipe.toml",
            "--set",
            "bridge=flow_matching",
            "--set",
            "flow_matching.coupling=assignment",
        ])
        .fails_saying(&["flow_matching.coupling", "biases"]);
}

#[test]
fn wrong_usage_is_code_two() {
    let scene = Scene::new("usage");
    for words in [
        &["run"][..],
        &["rnu", "recipe.toml"],
        &["run", "recipe.toml", "--thread", "0"],
        &["run", "recipe.toml", "--threads", "0"],
        &["sample", "runs", "--count", "0"],
    ] {
        assert_eq!(scene.fieldbridge(words).code, Some(2), "{words:?}");
    }
    scene
        .fieldbridge(&["run", "recipe.toml", "--set", "train.steps"])
        .fails_saying(&["--set train.steps", "no `=`"]);
    let ended = scene.fieldbridge(&["run", "recipe.toml", "--device", "cuda"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("'cuda'") && ended.stderr.contains("possible values: cpu, gpu"),
        "{}",
        ended.stderr
    );
}

#[test]
fn every_verb_has_help_with_an_example() {
    let scene = Scene::new("help");
    for verb in [
        "run", "train", "sample", "density", "infer", "check", "report", "compare", "simulate",
    ] {
        let ended = scene.fieldbridge(&[verb, "--help"]).done();
        assert!(
            ["Example", "Examples"]
                .iter()
                .any(|head| ended.stdout.contains(&format!("{head}:\n  fieldbridge {verb} "))),
            "{}",
            ended.stdout
        );
    }
    assert!(
        scene
            .fieldbridge(&["--version"])
            .done()
            .stdout
            .starts_with("fieldbridge ")
    );
}
