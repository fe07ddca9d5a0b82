//! The main job on real input: a real model, and the SDK of the caller.
