//! From an observed map back to the universe and the map without noise.

pub mod exact_gaussian;
