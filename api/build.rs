//! Tells Cargo that the migrations are part of the program: `embed_migrations!` reads the folder without saying so, and a new
//! migration alone would leave yesterday's program in place.

fn main() {
    println!("cargo::rerun-if-changed=../migrations");
}
