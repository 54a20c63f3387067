//! The state of all chains in one file, bit for bit.

use std::collections::HashMap;
use std::path::Path;

use fieldbridge_files::atomic::write_atomically;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::{ChainState, Chains, Moments, Transition, Whitening};
use crate::error::Error;

const KEY: &str = "fieldbridge_chains";

/// The short part.
#[derive(Serialize, Deserialize)]
struct Header {
    identity: String,
    names: Vec<String>,
    chains: usize,
    blocks: usize,
    warm_up_gradients: u64,
}

/// Vectors of a chain, by name.
fn vectors(chain: &ChainState) -> [(&'static str, Vec<f64>); 5] {
    let transitions = chain.transitions.iter().flat_map(|transition| {
        [
            transition.gradients as f64,
            f64::from(transition.divergent),
            transition.step_size,
        ]
    });
    let mut position = vec![chain.step_size, chain.moments.count as f64];
    position.extend(&chain.position);
    [
        ("position", position),
        ("numbers", chain.numbers.clone()),
        ("transitions", transitions.collect()),
        ("mean", chain.moments.mean.clone()),
        ("squares", chain.moments.squares.clone()),
    ]
}

/// Writes the state; the file appears whole or not at all.
pub(super) fn save(chains: &Chains, identity: &str, path: &Path) -> Result<(), Error> {
    let header = Header {
        identity: identity.to_owned(),
        names: chains.names.clone(),
        chains: chains.chains.len(),
        blocks: chains.blocks,
        warm_up_gradients: chains.warm_up_gradients,
    };
    let shared = [
        ("location".to_owned(), chains.whitening.location().to_vec()),
        ("root".to_owned(), chains.whitening.root().to_vec()),
        ("seconds".to_owned(), vec![chains.seconds]),
    ];
    let own = chains
        .chains
        .iter()
        .enumerate()
        .flat_map(|(index, chain)| vectors(chain).map(|(name, values)| (format!("{index}.{name}"), values)));
    let tensors: Vec<(String, usize, Vec<u8>)> = shared
        .into_iter()
        .chain(own)
        .map(|(name, values)| {
            let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            (name, values.len(), bytes)
        })
        .collect();
    let views = tensors.iter().map(|(name, length, bytes)| {
        let view = TensorView::new(Dtype::F64, vec![*length], bytes).expect("eight bytes a number");
        (name.as_str(), view)
    });
    let header = serde_json::to_string(&header).expect("a header is plain data");
    let bytes = safetensors::serialize(views, Some(HashMap::from([(KEY.to_owned(), header)])))
        .expect("vectors of eight-byte values are valid tensors");
    Ok(write_atomically(path, |file| file.write_all(&bytes))?)
}

/// Reads a state back; none when there is no file.
pub(super) fn load(path: &Path, identity: &str) -> Result<Option<Chains>, Error> {
    let refused = |reason: String, hint: &str| Error::Model {
        path: path.to_owned(),
        reason,
        hint: hint.to_owned(),
    };
    let damaged = |reason: String| {
        refused(
            format!("the state of the chains cannot be read: {reason}"),
            "remove it to start them again",
        )
    };
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(damaged(error.to_string())),
    };
    let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|error| damaged(error.to_string()))?;
    let header = metadata.metadata().as_ref().and_then(|map| map.get(KEY).cloned());
    let header = header.ok_or_else(|| damaged("it is no state of chains".to_owned()))?;
    let header: Header = serde_json::from_str(&header).map_err(|error| damaged(error.to_string()))?;
    if header.identity != identity {
        return Err(refused(
            format!(
                "its chains are of\n  {}\nand these would be of\n  {identity}",
                header.identity
            ),
            "choose another directory with --out, or remove it",
        ));
    }
    let tensors = SafeTensors::deserialize(&bytes).map_err(|error| damaged(error.to_string()))?;
    let read = |name: &str| -> Result<Vec<f64>, Error> {
        let tensor = tensors.tensor(name).map_err(|error| damaged(error.to_string()))?;
        if tensor.dtype() != Dtype::F64 {
            return Err(damaged(format!("{name} holds no numbers of eight bytes")));
        }
        let numbers = tensor.data().chunks_exact(8);
        Ok(numbers
            .map(|bytes| f64::from_le_bytes(bytes.try_into().expect("eight bytes")))
            .collect())
    };
    let whitening = Whitening::new(read("location")?, read("root")?)
        .ok_or_else(|| damaged("its coordinates are no coordinates".to_owned()))?;
    let chain = |index: usize| -> Result<ChainState, Error> {
        let part = |name: &str| read(&format!("{index}.{name}"));
        let mut position = part("position")?;
        if position.len() < 2 {
            return Err(damaged(format!("chain {index} has no position")));
        }
        let rest = position.split_off(2);
        let (mean, squares, numbers) = (part("mean")?, part("squares")?, part("numbers")?);
        let transitions: Vec<Transition> = part("transitions")?
            .chunks_exact(3)
            .map(|transition| Transition {
                gradients: transition[0] as u64,
                divergent: transition[1] != 0.0,
                step_size: transition[2],
            })
            .collect();
        if mean.len() != squares.len() || numbers.len() != transitions.len() * header.names.len() {
            return Err(damaged(format!("chain {index} has vectors of different lengths")));
        }
        Ok(ChainState {
            position: rest,
            step_size: position[0],
            numbers,
            transitions,
            moments: Moments {
                count: position[1] as u64,
                mean,
                squares,
            },
        })
    };
    Ok(Some(Chains {
        chains: (0..header.chains).map(chain).collect::<Result<_, _>>()?,
        whitening,
        blocks: header.blocks,
        warm_up_gradients: header.warm_up_gradients,
        seconds: read("seconds")?.first().copied().unwrap_or_default(),
        names: header.names,
    }))
}
