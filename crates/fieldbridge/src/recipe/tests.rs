//! Recipes good and bad.

use super::*;

const GOOD: &str = r#"title = "Test"
bridge = "spline_flow"

[data]
file = "rows.csv"

[target]
columns = ["z"]
bounds = { z = { low = 0.0 } }

[context.photometry]
columns = ["u", "g"]

[train]
epochs = 10

[when.flow_matching.train]
steps = 77
"#;

fn read(text: &str, overrides: &[&str]) -> Result<Recipe, RecipeError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recipe.toml");
    std::fs::write(&path, text).unwrap();
    let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
    Recipe::read(&path, &overrides)
}

fn complaint(text: &str, overrides: &[&str]) -> String {
    read(text, overrides).unwrap_err().to_string()
}

#[test]
fn tables_of_the_chosen_bridge_are_laid_over_and_the_command_line_over_all() {
    let plain = read(GOOD, &[]).unwrap();
    assert_eq!((plain.train.epochs, plain.train.steps), (10, None));
    let flow = read(GOOD, &["bridge=flow_matching"]).unwrap();
    assert_eq!((flow.bridge, flow.train.steps), (BridgeKind::FlowMatching, Some(77)));
    let set = read(
        GOOD,
        &["bridge=flow_matching", "train.epochs=3", "target.columns=[\"a\"]"],
    )
    .unwrap();
    assert_eq!((set.train.epochs, set.train.steps), (3, None));
    assert_eq!(set.target.columns, ["a"]);
}

#[test]
fn a_recipe_as_it_ran_reads_back_to_itself() {
    for overrides in [
        &["train.steps=5", "train.dropout=0.1"][..],
        &["train.precision=bf16"],
        &["bridge=flow_matching"],
        &["bridge=affine_flow", "affine_flow.base=uniform"],
        &["bridge=residual_flow", "residual_flow.contraction=0.7"],
        &["bridge=image_flow", "image_flow.shape=[4, 4, 2]"],
        &["bridge=mixture_density", "mixture_density.components=3"],
    ] {
        let recipe = read(GOOD, overrides).unwrap();
        let again = read(&recipe.to_toml(), &[]).unwrap();
        let same = Recipe {
            folder: recipe.folder.clone(),
            path: recipe.path.clone(),
            lines: recipe.lines.clone(),
            // the length that was not asked for is not written
            train: TrainRecipe {
                epochs: recipe.train.epochs,
                ..again.train.clone()
            },
            ..again
        };
        assert_eq!(same, recipe);
    }
}

#[test]
fn rows_come_from_a_file_or_from_a_known_distribution() {
    let generated = GOOD.replace("file = \"rows.csv\"", "generate = \"two_moons\"\nrows = 100");
    let recipe = read(&generated, &["data.noise=0.1"]).unwrap();
    assert_eq!((recipe.data_path(), recipe.data.rows), (None, Some(100)));
    assert_eq!(read(&recipe.to_toml(), &[]).unwrap().data, recipe.data);
    let text = complaint(&generated, &["data.file=rows.csv"]);
    assert!(text.contains("`data.generate` contradicts `data.file`"), "{text}");
    let text = complaint(&generated.replace("two_moons", "two_moon"), &[]);
    assert!(text.contains("line 5") && text.contains("two_moons"), "{text}");
    let text = complaint(&GOOD.replace("file = \"rows.csv\"", ""), &[]);
    assert!(text.contains("`data.file` is missing"), "{text}");
}

#[test]
fn unknown_keys_name_their_line_and_the_nearest() {
    let text = complaint(&GOOD.replace("epochs = 10", "epoch = 10"), &[]);
    assert!(
        text.contains("line 15") && text.contains("`train.epoch`") && text.contains("mean `epochs`"),
        "{text}"
    );
    let text = complaint(&GOOD.replace("[train]", "[trian]"), &[]);
    assert!(text.contains("line 14") && text.contains("mean `train`"), "{text}");
    let text = complaint(&GOOD.replace("low = 0.0", "lwo = 0.0"), &[]);
    assert!(text.contains("line 9") && text.contains("mean `low`"), "{text}");
    let text = complaint(&GOOD.replace("steps = 77", "stesp = 77"), &[]);
    assert!(text.contains("line 18") && text.contains("mean `steps`"), "{text}");
    let text = complaint(&GOOD.replace("when.flow_matching", "when.flow_machting"), &[]);
    assert!(
        text.contains("line 17") && text.contains("mean `flow_matching`"),
        "{text}"
    );
    let text = complaint(&GOOD.replace("\"spline_flow\"", "\"spline_flwo\""), &[]);
    assert!(text.contains("line 2") && text.contains("mean `spline_flow`"), "{text}");
    let text = complaint(GOOD, &["train.lerning_rate=1"]);
    assert!(text.contains("mean `learning_rate`"), "{text}");
}

#[test]
fn missing_contradictory_and_impossible_keys_are_refused() {
    let text = complaint(&GOOD.replace("columns = [\"z\"]", ""), &[]);
    assert!(text.contains("`target.columns` is missing"), "{text}");
    let text = complaint(&GOOD.replace("[data]\nfile = \"rows.csv\"", ""), &[]);
    assert!(text.contains("`data` is missing"), "{text}");
    let text = complaint(&GOOD.replace("epochs = 10", "epochs = 10\nsteps = 5"), &[]);
    assert!(text.contains("contradicts") && text.contains("line 16"), "{text}");
    let text = complaint(&GOOD.replace("steps = 77", "epochs = 7\nsteps = 77"), &[]);
    assert!(
        text.contains("`when.flow_matching.train.steps` contradicts `when.flow_matching.train.epochs`")
            && text.contains("line 19"),
        "{text}"
    );
    let text = complaint(&GOOD.replace("epochs = 10", "batch = 0"), &[]);
    assert!(
        text.contains("line 15") && text.contains("`train.batch` is 0"),
        "{text}"
    );
    let text = complaint(&GOOD.replace("epochs = 10", "precision = \"bf61\""), &[]);
    assert!(text.contains("line 15") && text.contains("`bf16`"), "{text}");
    let text = complaint(&GOOD.replace("epochs = 10", "epochs = \"ten\""), &[]);
    assert!(text.contains("line 15") && text.contains("ten"), "{text}");
    for (setting, word) in [
        ("check.draws=9", "at least 10"),
        ("check.rows=1", "at least 2"),
        ("check.density_rows=1", "or 0"),
        ("check.outlier_threshold=0.0", "is 0"),
        ("check.outlier_threshold=inf", "is inf"),
        ("check.outlier_threshold=nan", "is NaN"),
    ] {
        let key = setting.split_once('=').unwrap().0;
        let text = complaint(GOOD, &[setting]);
        assert!(text.contains(&format!("`{key}`")) && text.contains(word), "{text}");
    }
    assert!(read(GOOD, &["check={draws=10,rows=2,density_rows=0,redshift_columns=['z']}"]).is_ok());
    let redshifts = GOOD.replace("\"z\"", "\"redshift\"") + "[check]\nredshift_columns = [\"redhsift\"]\n";
    let text = complaint(&redshifts, &[]);
    assert!(
        text.contains("line 20") && text.contains("`redhsift`") && text.contains("mean `redshift`"),
        "{text}"
    );
    let text = complaint("title = \"x\"\n[data\n", &[]);
    assert!(text.contains("line 2"), "{text}");
    assert!(complaint(GOOD, &["train.steps"]).contains("no `=`"));
}

#[test]
fn the_identity_follows_what_decides_the_parameters_and_nothing_else() {
    let identity = |overrides: &[&str]| read(GOOD, overrides).unwrap().training_identity("abc");
    assert_eq!(
        identity(&[]),
        identity(&["train.members=3", "check.draws=50", "title=other"])
    );
    assert_eq!(
        identity(&[]),
        identity(&["flow_matching.width=64", "data.file=moved.csv"])
    );
    for change in [
        "seed=2",
        "train.epochs=11",
        "spline_flow.bins=9",
        "train.precision=bf16",
        "data.split_seed=4",
        "target.missing=[1.0]",
    ] {
        assert_ne!(identity(&[]), identity(&[change]), "{change}");
    }
    assert_ne!(identity(&[]), read(GOOD, &[]).unwrap().training_identity("abd"));
    // said or not, it is the same
    assert_eq!(identity(&[]), identity(&["train.precision=single"]));
}

#[test]
fn what_is_observed_of_simulations_is_read_written_and_told_apart() {
    const FIELDS: &str = "title = \"Test\"\n[simulation]\nsimulations = 20\n[target]\ncolumns = [\"sigma_8\"]\n";
    let plain = read(FIELDS, &[]).unwrap();
    assert!(plain.observation.is_none() && !plain.to_toml().contains("observation"));
    let identity = plain.training_identity("abc");
    // said or not, convergence in every pixel is what was always learned from
    let said = read(FIELDS, &["observation.kind=convergence"]).unwrap();
    assert_eq!(said.training_identity("abc"), identity);
    let mut seen = vec![identity];
    for settings in [
        &["observation.kind=shear"][..],
        &["observation.mask.edge=0.1"],
        &["observation.kind=shear", "observation.mask.edge=0.1"],
        &[
            "observation.kind=shear",
            "observation.mask.edge=0.1",
            "observation.seed=2",
        ],
    ] {
        let recipe = read(FIELDS, settings).unwrap();
        let identity = recipe.training_identity("abc");
        assert!(!seen.contains(&identity));
        seen.push(identity);
        let again = read(&recipe.to_toml(), &[]).unwrap();
        assert_eq!(again.observation, recipe.observation);
    }
    let masked = format!("{FIELDS}[observation.mask]\nedge = 0.7\n");
    let text = complaint(&masked, &[]);
    assert!(
        text.contains("line 7") && text.contains("`observation.mask.edge` is 0.7"),
        "{text}"
    );
    let text = complaint(&masked.replace("edge = 0.7", "egde = 0.1"), &[]);
    assert!(text.contains("line 7") && text.contains("mean `edge`"), "{text}");
    let text = complaint(GOOD, &["observation.kind=shear"]);
    assert!(
        text.contains("`observation`") && text.contains("no [simulation]"),
        "{text}"
    );
    let read_by_network = [
        "context.observation.network={kind='compressor',shape=[8,8]}",
        "observation.mask.edge=0.1",
    ];
    let text = complaint(FIELDS, &read_by_network);
    assert!(
        text.contains("`observation.mask`") && text.contains("[context.observation]"),
        "{text}"
    );
}
