//! `--device gpu`: what it says where there is none, and what it gives where there is one.

mod scene;

use scene::Scene;

#[cfg(not(any(feature = "wgpu", feature = "cuda")))]
#[test]
fn a_build_for_the_processor_names_the_feature_to_build_with() {
    let scene = Scene::new("not-built");
    scene
        .fieldbridge(&["train", "recipe.toml", "--device", "gpu"])
        .fails_saying(&["device `gpu`", "--features wgpu", "--features cuda"]);
    assert!(!scene.path("runs").exists(), "nothing was begun");
}

#[cfg(all(feature = "wgpu", not(feature = "cuda")))]
mod graphics {
    use std::path::Path;

    use fieldbridge_files::{TableFile, write_table};

    use super::*;

    /// Keeps the graphics drivers of the machine from being found.
    const NO_DRIVERS: [(&str, &str); 3] = [
        ("VK_ICD_FILENAMES", "/nonexistent"),
        ("VK_DRIVER_FILES", "/nonexistent"),
        ("__EGL_VENDOR_LIBRARY_FILENAMES", "/nonexistent"),
    ];

    #[test]
    fn a_machine_without_one_is_told_so() {
        let scene = Scene::new("no-driver");
        let mut command = scene.command(&["train", "recipe.toml", "--device", "gpu"]);
        let child = command.envs(NO_DRIVERS).spawn().unwrap();
        scene
            .wait(child)
            .fails_saying(&["device `gpu`", "found no adapter", "driver", "`cpu`"]);
        assert!(!scene.path("runs").exists(), "nothing was begun");
    }

    #[test]
    fn another_adapter_than_there_is_is_refused_with_those_there_are() {
        let scene = Scene::new("another-adapter");
        let mut command = scene.command(&["train", "recipe.toml", "--device", "gpu"]);
        let child = command
            .env("CUBECL_WGPU_DEFAULT_DEVICE", "DiscreteGpu(7)")
            .spawn()
            .unwrap();
        scene
            .wait(child)
            .fails_saying(&["device `gpu`: found ", "CUBECL_WGPU_DEFAULT_DEVICE"]);
    }

    /// The shading language has no numbers of this kind: refused, not computed elsewhere.
    #[test]
    fn a_precision_it_does_not_have_is_refused() {
        let scene = Scene::new("half");
        scene
            .fieldbridge(&[
                "train",
                "recipe.toml",
                "--device",
                "gpu",
                "--set",
                "train.precision=bf16",
            ])
            .fails_saying(&["train.precision", "bf16", "this device", "\"single\""]);
    }

    /// Galaxies whose densities are asked for.
    const ASKED: usize = 1500;

    /// The first galaxies of the catalogue.
    fn excerpt(catalogue: &str, path: &Path) {
        let file = TableFile::open(Path::new(catalogue)).unwrap();
        let names: Vec<String> = file.columns().iter().map(|column| column.name.clone()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        write_table(path, &file.read(&names, 0..ASKED).unwrap()).unwrap();
    }

    /// The recipe of the redshifts on a few hundred galaxies for a few passes, asked on both devices.
    #[test]
    fn redshifts_are_learned_there_and_the_model_answers_alike_here() {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let recipe = repository.join("recipes/photoz.toml");
        let catalogue = repository.join("data/dc2/test_dc2_training_9816.hdf5");
        let (recipe, catalogue) = (recipe.to_str().unwrap(), catalogue.to_str().unwrap());
        for bridge in ["spline_flow", "flow_matching"] {
            let scene = Scene::new(&format!("redshifts-{bridge}"));
            let bridge = format!("bridge={bridge}");
            let settings = [
                bridge.as_str(),
                "data.test=0.85",
                "data.validation=0.05",
                "spline_flow.width=32",
                "flow_matching.width=32",
                "flow_matching.blocks=1",
                "train.epochs=4",
                "train.members=1",
                "check.rows=100",
                "check.draws=20",
                "check.density_rows=50",
            ];
            let mut words = vec!["run", recipe, "--out", "there", "--device", "gpu", "--json"];
            words.extend(settings.iter().flat_map(|setting| ["--set", setting]));
            let ended = scene.fieldbridge(&words).done();
            assert!(ended.stderr.contains("computing on "), "{}", ended.stderr);
            assert!(scene.path("there/report.html").exists());
            excerpt(catalogue, &scene.path("galaxies.parquet"));
            for device in ["cpu", "gpu"] {
                let out = format!("{device}.parquet");
                let words = [
                    "density",
                    "there",
                    "--data",
                    "galaxies.parquet",
                    "--out",
                    &out,
                    "--device",
                    device,
                ];
                scene.fieldbridge(&words).done();
            }
            let [here, there] = ["cpu.parquet", "gpu.parquet"].map(|file| scene.column(file, "log_density"));
            assert!(here.len() > ASKED - 100 && here.len() == there.len());
            let mut found: Vec<(f64, f64)> = here
                .iter()
                .zip(&there)
                .zip(scene.column("cpu.parquet", "error_estimate"))
                .map(|((here, there), error)| ((here - there).abs() / here.abs().max(1.0), error))
                .collect();
            found.sort_by(|(one, _), (other, _)| one.total_cmp(other));
            let (half, (largest, error)) = (found[found.len() / 2].0, found[found.len() - 1]);
            eprintln!(
                "{bridge}: log-densities of {} galaxies differ by {half:.1e} for half of them and {largest:.1e} at most, where the \
                 error estimate is {error:.1e}",
                here.len()
            );
            // an adaptive walk that rounds otherwise takes other steps, and promises no more than its error
            assert!(half < 1e-4, "{bridge}: {half}");
            for (by, error) in found {
                assert!(by < 1e-3 || by < error, "{bridge}: {by}, error {error}");
            }
        }
    }
}
