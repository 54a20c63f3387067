//! Bridges between two probability distributions: trained, sampled, and asked for a log-density
